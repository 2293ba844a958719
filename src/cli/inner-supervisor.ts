import { basename } from "node:path";

/** A launcher that ends its workers by a clock of its own (S04). */
export interface InnerSupervisor {
  readonly name: string;
  /** What to know, for the log. */
  readonly advice: string;
  /** Variables that make it wait as long as we do, unless the user has set them. */
  readonly environment: Readonly<Record<string, string>>;
}

const TELL_EARLY =
  "Let the workers save well within that time, or ask for checkpoints through the job channel while they work.";

/** By the name of the program: how long its workers have after it was asked to stop. */
const OWN_CLOCKS: Readonly<Record<string, string>> = {
  torchrun: "torchrun kills its workers 30 s after it was asked to stop",
  accelerate: "accelerate's agent is torchrun's, which kills its workers 30 s after it was asked to stop",
  deepspeed: "deepspeed kills its workers soon after it was asked to stop",
  srun: "srun kills its tasks Slurm's KillWait (30 s by default) after it was asked to stop",
  mpirun: "mpirun kills its ranks seconds after it was asked to stop",
};

const USES_TORCH_AGENT: ReadonlySet<string> = new Set(["torchrun", "accelerate"]);

/**
 * Finds a launcher at the beginning of a command: `torchrun …`, `python3 -m torch.distributed.run …`, `env X=1 srun …`.
 * `TORCH_ELASTIC_SHUTDOWN_TIMEOUT` (seconds) is read by the PyTorch releases of 2026 (pytorch/pytorch#172596); older ones
 * ignore it.
 */
export function findInnerSupervisor(
  command: readonly string[],
  stopGraceMs: number,
): InnerSupervisor | undefined {
  const isTorchModule =
    command.includes("torch.distributed.run") || command.includes("torch.distributed.launch");
  const words = command.slice(0, 4).map((word) => basename(word));
  const name = isTorchModule ? "torchrun" : words.find((word) => Object.hasOwn(OWN_CLOCKS, word));
  if (name === undefined) return undefined;
  const graceSeconds = String(Math.ceil(stopGraceMs / 1000));
  const isTorch = USES_TORCH_AGENT.has(name);
  const set = isTorch
    ? ` TORCH_ELASTIC_SHUTDOWN_TIMEOUT=${graceSeconds} is set for it (PyTorch of 2026 and newer heeds it).`
    : "";
  return {
    name,
    advice: `${OWN_CLOCKS[name]}. ${TELL_EARLY}${set}`,
    environment: isTorch ? { TORCH_ELASTIC_SHUTDOWN_TIMEOUT: graceSeconds } : {},
  };
}
