export * from "./azure-metadata-mock.ts";
export { azureInstanceOf, type AzureMockInstance } from "./instance-document.ts";
export type { AzureEventType, AzureMockEvent } from "./scheduled-events.ts";
