import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bench, languagesOf } from "./program.ts";

describe.each(languagesOf("breaks"))(
  "the job that keeps its progress in memory, in $language",
  ({ skipped, command }) => {
    let bench: Bench;
    beforeEach(() => {
      bench = new Bench();
    });
    afterEach(() => bench.clear());

    test.skipIf(skipped)("interrupted at step 90, it starts again at 0", async () => {
      const interrupted = bench.start(command, { STEP_SECONDS: "0.01" });
      await interrupted.hears("step 90/100");
      interrupted.signal("SIGTERM");
      expect(await interrupted.ended).toEqual({ status: null, signal: "SIGTERM" });

      const again = bench.start(command, { STEP_SECONDS: "0.001" });
      expect(await again.ended).toEqual({ status: 0, signal: null });
      expect(again.lines[0]).toBe("step 1/100");
      expect(again.lines.at(-1)).toBe("result 993383394");
    });
  },
);
