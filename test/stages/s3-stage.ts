import { onTestFinished } from "vitest";
import { type S3Fake, type S3FakeOptions, startS3Fake } from "../../src/simulator/index.ts";
import type { OpenedStore } from "../../src/store/opened-store.ts";
import { openS3Store, parseS3Location, type S3StoreOptions } from "../../src/store/s3/index.ts";

/** Keys that nothing checks. */
export const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };

export const text = (value: string): readonly Uint8Array[] => [Buffer.from(value)];

/** A fake S3 that is gone when the test ends. */
export async function s3Fake(options?: S3FakeOptions): Promise<S3Fake> {
  const fake = await startS3Fake(options);
  onTestFinished(() => fake.close());
  return fake;
}

/** How a store of a test is opened; `parameters` are added to its URL. */
export interface S3StageOptions extends Partial<Omit<S3StoreOptions, "location">> {
  readonly path?: string | undefined;
  readonly parameters?: string | undefined;
}

/** A store in a server, closed when the test ends. */
export async function openAt(endpoint: string, options: S3StageOptions = {}): Promise<OpenedStore> {
  const { path = "bucket/jobs", parameters = "", ...rest } = options;
  const url = `s3://${path}?endpoint=${endpoint}${parameters}`;
  const location = parseS3Location(parameters.includes("region=") ? url : `${url}&region=us-east-1`);
  const opened = await openS3Store({ location, credentials: CREDENTIALS, ...rest });
  onTestFinished(() => opened.close());
  return opened;
}

/** A store in a fake of its own. The fake's counts begin when it is open. */
export async function s3Stage(options: S3StageOptions & { readonly fake?: S3FakeOptions } = {}) {
  const { fake: fakeOptions, ...rest } = options;
  const fake = await s3Fake(fakeOptions);
  const opened = await openAt(fake.url, rest);
  fake.resetCounts();
  return { fake, opened, store: opened.store };
}
