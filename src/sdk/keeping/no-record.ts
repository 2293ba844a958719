import { SpotproofError } from "../../base/index.ts";
import type { KeptParts } from "./keeper.ts";

/** What a checkpoint holds of a record that was never kept, such as one of a folder alone. */
export const NO_RECORD: KeptParts = {
  index: undefined,
  sizes: new Map(),
  read: (name) => Promise.reject(new SpotproofError("internal", `The record has no part ${name}.`)),
  async *stream() {
    // Nothing lies there.
  },
};
