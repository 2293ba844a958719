import { expect, test } from "vitest";
import { findInnerSupervisor } from "./inner-supervisor.ts";

test.each([
  [["torchrun", "--nproc-per-node=4", "train.py"], "torchrun"],
  [["python3", "-m", "torch.distributed.run", "train.py"], "torchrun"],
  [["/opt/venv/bin/accelerate", "launch", "train.py"], "accelerate"],
  [["env", "X=1", "srun", "./solver"], "srun"],
])("S04: %j has a clock of its own, and its user is told", (command, name) => {
  const found = findInnerSupervisor(command, 30_000);
  expect(found?.name).toBe(name);
  expect(found?.advice).toMatch(/30 s/);
});

test("S04: torch's agent is told to wait as long as we do", () => {
  expect(findInnerSupervisor(["torchrun", "train.py"], 45_500)?.environment).toEqual({
    TORCH_ELASTIC_SHUTDOWN_TIMEOUT: "46",
  });
});

test("a plain program has none, also when its arguments look like one", () => {
  expect(findInnerSupervisor(["python3", "train.py", "--launcher", "x", "torchrun"], 30_000)).toBeUndefined();
});
