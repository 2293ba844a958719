import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useStoreServers } from "../stages/store-kinds.ts";
import { jobFile, useBench } from "./run-spotproof.ts";

const bench = useBench();
const { kinds } = useStoreServers();

describe.each(kinds)("a store in $name", ({ isThere, place: newPlace }) => {
  test.skipIf(!isThere)(
    "J2: of two machines that start at once one runs; when it is killed, the other goes on from its last checkpoint",
    { timeout: 60_000 },
    async () => {
      const place = await newPlace(bench.folder);
      const start = (machine: string, steps: number) =>
        bench.start(
          [
            "run",
            "--job",
            "count",
            "--store",
            place.url,
            "--checkpoint",
            "ckpt",
            "--every",
            "100ms",
            "--heartbeat",
            "100ms",
            "--lease",
            "1s",
            "--",
            jobFile("counts.sh"),
            String(steps),
            "0.02",
          ],
          { environment: place.environment, workingFolder: join(bench.folder, machine) },
        );
      const both = [start("one", 60), start("other", 60)] as const;
      const runs = both.map((each) => each.untilSays(/checkpoint 000001-000002 saved/).then(() => each));
      const waits = both.map((each) => each.untilSays(/standing by until/).then(() => each));
      const [runner, waiter] = await Promise.all([Promise.any(runs), Promise.any(waits)]);
      expect(waiter).not.toBe(runner);
      expect(waiter.stdout()).toBe("");
      runner.child.kill("SIGKILL");
      const killedAt = performance.now();
      expect(await runner.ended).toBe("SIGKILL");
      await Promise.allSettled([...runs, ...waits]);
      await waiter.untilSays(/^begin at/m);
      // Not before the lease, as far as the last heartbeat can be behind.
      expect(performance.now() - killedAt).toBeGreaterThan(700);
      expect(await waiter.ended, waiter.stderr()).toBe(0);
      expect(waiter.stderr()).toMatch(/going on from checkpoint 000001-0000/);
      expect(waiter.stdout()).toMatch(/^begin at [1-9]/);
      expect(waiter.stdout()).toMatch(/^step 60$/m);
    },
  );
});
