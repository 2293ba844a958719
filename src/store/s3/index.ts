export { openS3Store, type S3StoreOptions } from "./open-s3-store.ts";
export type { S3Credentials } from "./s3-connection.ts";
export { parseS3Location, type S3Location } from "./s3-location.ts";
