import { attemptNumber, parseJobName, systemClock } from "../../src/base/index.ts";
import { openFileStore } from "../../src/store/index.ts";
import { createFolderSaver, restoreFolder } from "../../src/checkpoint/index.ts";

// A process of its own: saves the folder, restores it, and tells how much memory it ever took, in KiB.
const [folder = "", storeFolder = "", restored = ""] = process.argv.slice(2);
const job = parseJobName("memory");
const store = await openFileStore(storeFolder);
const saver = createFolderSaver({ store, job, attempt: attemptNumber(1), clock: systemClock, folder });
const pause = async () => ({ mappedFiles: new Set<string>(), resume: async () => undefined });
const result = await saver.save({ reason: "final", pause, confirm: async () => "valid" });
if (result.kind !== "saved") throw new Error(result.kind);
const afterSave = process.resourceUsage().maxRSS;
await restoreFolder({ store, job, lineage: [result.checkpoint.id], folder: restored, asideName: "old" });
process.stdout.write(JSON.stringify({ afterSave, afterRestore: process.resourceUsage().maxRSS }));
