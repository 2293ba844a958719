import { openThreadWorkshop } from "./thread-workshop.ts";
import { openWorkerWorkshop } from "./worker-workshop.ts";
import type { Workshop } from "./workshop.ts";
import type { MemoryKeeper } from "./workshop-memory.ts";

/** Less than this is done on this thread before others have begun. */
const WORTH_WORKERS_BYTES = 24 * 1024 * 1024;
const WORTH_WORKERS_FILES = 400;

/** A workshop that fits so much work; if it has threads, in the keeper's memory. */
export function openWorkshop(bytes: number, files: number, keeper: MemoryKeeper): Workshop {
  if (bytes < WORTH_WORKERS_BYTES && files < WORTH_WORKERS_FILES) return openThreadWorkshop();
  try {
    return openWorkerWorkshop(keeper);
  } catch {
    // No threads or no address space for them here, as under a tight limit: slower, and just as right.
    return openThreadWorkshop();
  }
}
