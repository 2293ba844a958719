import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { until } from "../../../test/stages/manual-clock.ts";
import type { CommandIo } from "../command-io.ts";
import { runMockMetadata } from "./mock-metadata.ts";
import type { RawMockMetadataOptions } from "./mock-metadata-options.ts";

const OPTIONS: RawMockMetadataOptions = { host: "127.0.0.1", port: "0" };

/** The command's surroundings, with a key for Ctrl-C. */
function surroundings() {
  const out: string[] = [];
  const handlers = new Map<string, () => void>();
  const io: CommandIo = {
    out: (text) => out.push(text),
    err: () => {},
    environment: {},
    errIsTerminal: false,
    outIsTerminal: false,
    typed: [],
    outColumns: 100,
    errColumns: 100,
    workingFolder: "/",
    temporaryFolder: "/tmp",
    host: "here",
    drain: () => Promise.resolve(),
    pid: 1,
    parentPid: 0,
    platform: "linux",
    signalNumbers: {},
    onSignal: (signal, handler) => {
      handlers.set(signal, handler);
      return () => handlers.delete(signal);
    },
  };
  return { io, out, handlers, press: (signal: string) => handlers.get(signal)?.() };
}

describe("spotproof mock-metadata", () => {
  test("prints the line for the shell first, announces in time, says who heard it, and ends on Ctrl-C", async () => {
    const { io, out, handlers, press } = surroundings();
    const running = runMockMetadata(
      { ...OPTIONS, interruptAfter: "1ms", rebalanceAfter: "1ms", imdsv2: true },
      io,
    );
    await until(() => out.some((line) => line.includes("instance-action: terminate")));
    const url = /^export AWS_EC2_METADATA_SERVICE_ENDPOINT=(http:\/\/127\.0\.0\.1:\d+)\/\n/.exec(
      out[0] ?? "",
    )?.[1];
    const item = `${url}/latest/meta-data/spot/instance-action`;
    expect((await fetch(item)).status).toBe(401);
    const headers = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
    const token = await (await fetch(`${url}/latest/api/token`, { method: "PUT", headers })).text();
    const reply = await fetch(item, { headers: { "x-aws-ec2-metadata-token": token } });
    expect(await reply.json()).toMatchObject({ action: "terminate" });
    expect(out.at(-1)).toContain("heard by a client");
    press("SIGINT");
    expect(await running).toBe(0);
    expect(handlers.size).toBe(0);
    await expect(fetch(item)).rejects.toThrow();
  });

  test.each([
    [
      "gcp",
      "GCE_METADATA_HOST",
      "/computeMetadata/v1/instance/preempted",
      { "metadata-flavor": "Google" },
      "TRUE",
    ],
    [
      "azure",
      "AZURE_METADATA_ENDPOINT",
      "/metadata/scheduledevents?api-version=2020-07-01",
      { metadata: "true" },
      "Preempt",
    ],
  ])("--cloud %s: the same with that cloud's service", async (cloud, variable, path, headers, words) => {
    const { io, out, press } = surroundings();
    const running = runMockMetadata({ ...OPTIONS, cloud, interruptAfter: "1ms" }, io);
    await until(() => out.some((line) => line.includes("announced")));
    expect(out[0]).toMatch(
      new RegExp(
        `^export ${variable}=(http://)?127\\.0\\.0\\.1:\\d+[^\\n]*\\n# In 1 ms: terminate, 30.0 s ahead.`,
      ),
    );
    const authority = /127\.0\.0\.1:\d+/.exec(out[0] ?? "")?.[0];
    expect(await (await fetch(`http://${authority}${path}`, { headers })).text()).toContain(words);
    expect(out.at(-1)).toContain("heard by a client");
    press("SIGTERM");
    expect(await running).toBe(0);
  });

  test.each([
    [{}, "/mock/interrupt?action=terminate&lead=120s'"],
    [{ cloud: "gcp", lead: "0s" }, "/mock/preempt?lead=0s'"],
  ])("%j: with nothing planned it prints how to announce an end", async (changes, words) => {
    const { io, out, press } = surroundings();
    const running = runMockMetadata({ ...OPTIONS, ...changes }, io);
    await until(() => out.length === 1);
    expect(out[0]?.split("\n")[1]).toContain(words);
    press("SIGINT");
    await running;
  });

  test("--scenario plays one for one machine after another, and stays until Ctrl-C", async () => {
    const { io, out, press } = surroundings();
    const play = { scenario: "no-notice", seed: "3", speed: "10000x", length: "1h" };
    const running = runMockMetadata({ ...OPTIONS, ...play }, io);
    await until(() => out.some((line) => line.includes("machine 2 is there")));
    await until(() => out.some((line) => /the scenario (is over|gives up)/.test(line)));
    expect(out[0]).toContain("# Scenario no-notice, seed 3, 10000x.");
    expect(out[1]).toContain("machine 1 is there");
    press("SIGINT");
    expect(await running).toBe(0);
  });

  test("--scenario: one that does not exist is refused before anything listens", async () => {
    const { io, out, handlers } = surroundings();
    await expect(runMockMetadata({ ...OPTIONS, scenario: "calm" }, io)).rejects.toMatchObject({
      code: "bad-usage",
      detail: expect.stringContaining("calm"),
    });
    expect([out.length, handlers.size]).toEqual([0, 0]);
  });

  test("a port that is in use is said to be, and nothing stays behind", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, "127.0.0.1", resolve);
    });
    const { port } = other.address() as AddressInfo;
    const { io } = surroundings();
    await expect(runMockMetadata({ ...OPTIONS, port: String(port) }, io)).rejects.toMatchObject({
      code: "port-unavailable",
      detail: expect.stringContaining(String(port)),
    });
    await new Promise((resolve) => {
      other.close(resolve);
    });
  });

  test.each([
    [{ action: "vanish" }, "--action"],
    [{ cloud: "ibm" }, "--cloud"],
    [{ cloud: "gcp", imdsv2: true }, "--imdsv2"],
    [{ cloud: "azure", rebalanceAfter: "1s" }, "--rebalance-after"],
    [{ seed: "1" }, "--seed"],
    [{ speed: "20x" }, "--speed"],
    [{ scenario: "typical", speed: "fast" }, "--speed"],
    [{ scenario: "typical", speed: "0x" }, "--speed"],
    [{ scenario: "typical", seed: "-1" }, "--seed"],
    [{ scenario: "typical", length: "long" }, "--length"],
    [{ scenario: "typical", interruptAfter: "1s" }, "--interrupt-after"],
    [{ scenario: "typical", lead: "1s" }, "--lead"],
    [{ port: "65536" }, "--port"],
    [{ port: "-1" }, "--port"],
    [{ lead: "soon" }, "--lead"],
    [{ interruptAfter: "30" }, "--interrupt-after"],
    [{ rebalanceAfter: "" }, "--rebalance-after"],
  ])("%j is refused by the name of the option", async (changes, name) => {
    await expect(runMockMetadata({ ...OPTIONS, ...changes }, surroundings().io)).rejects.toMatchObject({
      code: "bad-usage",
      detail: expect.stringContaining(name),
    });
  });
});
