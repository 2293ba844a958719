export type { ObjectShelf, ShelvedObject, ShelvedUpload } from "./object-shelf.ts";
export { S3_REQUEST_KINDS, type S3Fault, type S3RequestKind } from "./s3-faults.ts";
export { type S3Fake, type S3FakeOptions, startS3Fake } from "./start-s3-fake.ts";
