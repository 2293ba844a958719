export { decodeState } from "./decode.ts";
export { type EncodedState, encodeState } from "./encode.ts";
export { allocateBuffers } from "./memories.ts";
export { snapshot } from "./snapshot.ts";
export type { Storable } from "./storable.ts";
export { type ReviveOptions, type SavedState, reviveState, stateVersion } from "./versions.ts";
