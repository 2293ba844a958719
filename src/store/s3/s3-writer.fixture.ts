// A process of its own for s3-multipart.test.ts: <endpoint> writes one object in three parts.
import { openS3Store, parseS3Location } from "./index.ts";

const location = parseS3Location(`s3://bucket/jobs?endpoint=${process.argv[2] ?? ""}&region=us-east-1`);
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const limits = { multipartAboveBytes: 1024, partBytes: 1024 * 1024, partsAtOnce: 1 };
const { store } = await openS3Store({ location, credentials, limits });
await store.create("packs/large", [Buffer.alloc(3 * 1024 * 1024, "x")]);
