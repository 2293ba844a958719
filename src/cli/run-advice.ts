import { statfs } from "node:fs/promises";
import { basename } from "node:path";

/** Launchers that end their workers by a clock of their own (S04). */
const INNER_SUPERVISORS: Readonly<Record<string, string>> = {
  torchrun: "torchrun kills its workers 30 s after it was asked to stop",
  accelerate: "accelerate starts torchrun's agent, which kills its workers 30 s after it was asked to stop",
  deepspeed: "deepspeed kills its workers soon after it was asked to stop",
  srun: "srun forwards signals to its tasks and kills them after Slurm's KillWait (30 s by default)",
  mpirun: "mpirun kills its ranks seconds after it was asked to stop",
};

/** What to know about a command that supervises processes itself. */
export function adviceAboutCommand(command: readonly string[]): readonly string[] {
  const words = command.slice(0, 4).map((word) => basename(word));
  const isTorchModule =
    command.includes("torch.distributed.run") || command.includes("torch.distributed.launch");
  const name = isTorchModule ? "torchrun" : words.find((word) => Object.hasOwn(INNER_SUPERVISORS, word));
  if (name === undefined) return [];
  return [
    `${INNER_SUPERVISORS[name]}: let the workers save well within that time, or ask for checkpoints through the job channel while they work. --notice-signal SIGUSR2 --stop-to leader tells them early.`,
  ];
}

/** `statfs` types of file systems in memory: tmpfs and ramfs. */
const IN_MEMORY = new Set([0x01_02_19_94, 0x85_84_58_f6]);

/** A store must outlive the machine; one in memory or below /tmp surely does not (L01). */
export async function adviceAboutStore(path: string): Promise<readonly string[]> {
  const { type } = await statfs(path);
  if (IN_MEMORY.has(type))
    return [
      `the store ${path} lies in memory and goes with this machine: fine for a rehearsal, not for a job`,
    ];
  if (path.startsWith("/tmp/") || path.startsWith("/var/tmp/")) {
    return [
      `the store ${path} lies in a temporary folder, which seldom outlives a machine: fine for a rehearsal, not for a job`,
    ];
  }
  return [];
}
