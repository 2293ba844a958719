import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useStoreServers } from "../stages/store-kinds.ts";
import { useBench } from "./run-spotproof.ts";

// What an owner of a store, or its disk, can do to it, found by `checkpoints verify` and stepped back from by a restart.

const bench = useBench();
const { kinds } = useStoreServers();

/** Five checkpoints, each with a pack of its own that is larger than what any store keeps in one piece with its record. */
const FIVE_CHECKPOINTS = `
cd "$SPOTPROOF_CHECKPOINT"; n=$(cat n 2>/dev/null || echo 0); echo "begin at $n"
[ "$n" = 0 ] || exit 0
while [ "$n" -lt 5 ]; do
  n=$((n + 1)); echo $n >n; head -c 450000 /dev/urandom >weights
  curl -s --fail --unix-socket "$SPOTPROOF_SOCKET" -X POST http://job/checkpoint || exit 9
done
exit 3`;

describe.each(kinds)("a store in $name", ({ isThere, place: newPlace }) => {
  test.skipIf(!isThere)(
    "C02 C3: with the four newest checkpoints damaged in four ways, verify names them and a restart goes on from the fifth",
    { timeout: 60_000 },
    async () => {
      const place = await newPlace(bench.folder);
      const { environment } = place;
      const of = ["--store", place.url, "--job", "train"];
      const run = [
        "run",
        ...of,
        "--checkpoint",
        "ckpt",
        "--commit-by",
        "program",
        "--retries",
        "0",
        "--keep",
        "9",
        "--",
        "sh",
        "-c",
        FIVE_CHECKPOINTS,
      ];
      const first = await bench.run(run, { environment });
      expect(first.status, first.stderr).toBe(3);
      const [newest = "", second = "", third = ""] = [...(await place.keys("jobs/train/packs/"))].reverse();
      const ids = (await place.keys("jobs/train/checkpoints/")).map((key) => key.slice(-18, -5)).reverse();
      // The one of the start is of an empty folder.
      expect(ids).toHaveLength(6);
      const damaged = ids.slice(0, 4);
      const usable = ids[4] ?? "";
      await place.damage(newest, "remove");
      await place.damage(second, "truncate");
      await place.damage(third, "flip");
      await place.damage(`jobs/train/checkpoints/${damaged[3]}.json`, "flip");

      const verified = await bench.run(["checkpoints", "verify", ...of], { environment });
      expect(verified.status, verified.stdout + verified.stderr).toBe(65);
      const named = [...verified.stdout.matchAll(/^(\S+): DAMAGED/gm)].map(([, id]) => id);
      expect(new Set(named)).toEqual(new Set(damaged));
      expect(verified.stdout).toMatch(new RegExp(`^${usable}: (?!DAMAGED)`, "m"));

      const elsewhere = { environment, workingFolder: join(bench.folder, "elsewhere") };
      const next = await bench.run(run, elsewhere);
      expect(next.status, next.stderr).toBe(0);
      for (const id of damaged)
        expect(next.stderr).toMatch(new RegExp(`checkpoint ${id} cannot be used \\(.+\\): stepping back`));
      expect(next.stderr).toContain(`going on from checkpoint ${usable}`);
      expect(next.stdout).toMatch(/^begin at 1$/m);
    },
  );
});
