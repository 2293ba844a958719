export * from "./create-notice-sources.ts";
export * from "./merge-notices.ts";
export * from "./notice.ts";
export * from "./notice-source.ts";
export * from "./sources/ec2-metadata-source.ts";
export { createSignalSource } from "./sources/signal-source.ts";
export * from "./watch-sources.ts";
