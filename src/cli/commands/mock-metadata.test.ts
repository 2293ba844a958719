import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { until } from "../../../test/stages/manual-clock.ts";
import type { CommandIo } from "../command-io.ts";
import { type RawMockMetadataOptions, runMockMetadata } from "./mock-metadata.ts";

const OPTIONS: RawMockMetadataOptions = { action: "terminate", lead: "120s", host: "127.0.0.1", port: "0" };

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
    const url = /^export AWS_EC2_METADATA_SERVICE_ENDPOINT=(http:\/\/127\.0\.0\.1:\d+)\n/.exec(
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
