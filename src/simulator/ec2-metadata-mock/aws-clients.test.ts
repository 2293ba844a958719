import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { MetadataService } from "@aws-sdk/ec2-metadata-service";
import {
  fromInstanceMetadata,
  getInstanceMetadataEndpoint,
  httpRequest,
} from "@smithy/credential-provider-imds";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { until } from "../../../test/stages/manual-clock.ts";
import { systemClock } from "../../base/index.ts";
import { type Ec2MetadataMockOptions, startEc2MetadataMock } from "./ec2-metadata-mock.ts";

const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const HAS_AWS = spawnSync("aws", ["--version"]).status === 0;
const run = promisify(execFile);

async function stage(options: Partial<Ec2MetadataMockOptions> = {}) {
  const mock = await startEc2MetadataMock({ clock: systemClock, ...options });
  for (const [name, value] of Object.entries(mock.environment)) vi.stubEnv(name, value);
  return { mock, [Symbol.asyncDispose]: () => mock.close() };
}

let home = "";

// No client may find the credentials and the settings of whoever runs the tests.
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "spotproof-home-"));
  vi.stubEnv("HOME", home);
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONFIG_FILE", join(home, "none"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(home, "none"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

describe("the AWS SDK's metadata client", () => {
  test.each(["required", "optional"] as const)("reads the notice with tokens %s", async (imdsv2) => {
    await using at = await stage({ imdsv2 });
    const client = new MetadataService({ httpOptions: { timeout: 1000 } });
    const path = "/latest/meta-data/spot/instance-action";
    await expect(client.request(path, {})).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
    at.mock.interrupt({ action: "terminate" });
    expect(JSON.parse(await client.request(path, {}))).toMatchObject({ action: "terminate" });
    expect(at.mock.requests.filter(({ status }) => status === 401)).toEqual([]);
  });

  test("falls back to requests without a token where no token is to be had", async () => {
    await using at = await stage();
    at.mock.fault({ kind: "status", status: 403, on: "token" });
    const client = new MetadataService({ httpOptions: { timeout: 1000 }, retries: 0 });
    expect(await client.request("/latest/meta-data/placement/region", {})).toBe("us-east-1");
    expect(at.mock.requests.map(({ method, token }) => [method, token])).toEqual([
      ["PUT", undefined],
      ["GET", undefined],
    ]);
  });
});

describe("the AWS SDK's credential provider", () => {
  test("gets the role's credentials with tokens", async () => {
    await using at = await stage({ imdsv2: "required" });
    const credentials = await fromInstanceMetadata({ timeout: 1000, maxRetries: 0 })();
    expect(credentials.accessKeyId).toBe("ASIAIOSFODNN7EXAMPLE");
    expect(credentials.expiration?.getTime()).toBeGreaterThan(systemClock.wallTime() + 5 * 3_600_000);
    expect(at.mock.requests.map(({ method, status }) => `${method} ${status}`)).toEqual([
      "PUT 200",
      "GET 200",
      "GET 200",
    ]);
  });

  test("gets them without tokens where the request for one is refused or its reply is lost", async () => {
    await using at = await stage({ metadataOptions: { clientHops: 2 } });
    const provide = () => fromInstanceMetadata({ timeout: 200, maxRetries: 0 })();
    expect((await provide()).sessionToken).toContain("spotproof-mock");
    at.mock.fault({ kind: "status", status: 405, on: "token" });
    expect((await provide()).sessionToken).toContain("spotproof-mock");
  });

  test("finds the region", async () => {
    await using at = await stage({ instance: { region: "eu-central-1" } });
    const endpoint = await getInstanceMetadataEndpoint();
    const region = await httpRequest({ ...endpoint, path: "/latest/meta-data/placement/region" });
    expect(region.toString()).toBe("eu-central-1");
    expect(at.mock.requests).toHaveLength(1);
  });
});

describe("the aws command line", () => {
  test.skipIf(!HAS_AWS)("(needs aws) finds the role's credentials", { timeout: 60_000 }, async () => {
    await using at = await stage({ imdsv2: "required" });
    const { stdout } = await run("aws", ["configure", "list"], { timeout: 50_000 });
    expect(stdout).toMatch(/access_key.*MPLE.*iam-role/);
    expect(at.mock.requests.map(({ status }) => status)).not.toContain(401);
  });
});

/** The program of many a tutorial: version 1 of the service, a second of patience, and 200 means the end. */
const NAIVE_PYTHON = `
import sys, time, urllib.error, urllib.request
url = sys.argv[1] + "/latest/meta-data/spot/instance-action"
print("working", flush=True)
while True:
    try:
        status = urllib.request.urlopen(url, timeout=1).status
    except urllib.error.HTTPError as error:
        status = error.code
    if status == 200:
        print("terminating", flush=True)
        break
    time.sleep(0.02)
`;

describe("the loop of many scripts", () => {
  test.skipIf(!HAS_PYTHON)("(needs python3) works until the notice, without knowing of tokens", async () => {
    await using at = await stage();
    const running = run("python3", ["-c", NAIVE_PYTHON, at.mock.url], { timeout: 20_000 });
    const polls = () => at.mock.requests.filter(({ status }) => status === 404).length;
    await until(() => polls() >= 2, "two looks of the loop");
    at.mock.interrupt();
    expect((await running).stdout).toBe("working\nterminating\n");
  });
});
