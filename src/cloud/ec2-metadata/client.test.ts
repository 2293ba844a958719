import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { createEc2MetadataClient, type Ec2MetadataClient } from "./client.ts";

const HAS_IPV6_LOOPBACK = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

/** A server that answers as the listener says, a client for it, and a clock that stands still. */
async function stage(listener: RequestListener, host = "127.0.0.1") {
  const clock = manualClock();
  const server: Server = createServer((request, response) => {
    listener(request, response);
    answered += 1;
  });
  let connections = 0;
  let answered = 0;
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const settings = { enabled: true, endpoint, endpointConfigured: true, v1Allowed: true };
  const client: Ec2MetadataClient = createEc2MetadataClient({ settings, clock });
  return {
    clock,
    client,
    server,
    connections: () => connections,
    answered: () => answered,
    /** Resolves only when the client has let go of every connection. */
    async [Symbol.asyncDispose]() {
      client.close();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Answers a token request with `secret`, everything else with the listener. */
function afterToken(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (request.method === "PUT") response.end("secret");
    else listener(request, response);
  };
}

describe("reading one item", () => {
  test("the token, its life and the moment of the reply are as the service says", async () => {
    const seen: unknown[] = [];
    await using at = await stage((request, response) => {
      seen.push([request.method, request.url, request.headers["x-aws-ec2-metadata-token"]]);
      seen.push(request.headers["x-aws-ec2-metadata-token-ttl-seconds"]);
      response.setHeader("date", "Fri, 02 Jan 2026 03:04:05 GMT");
      response.end(request.method === "PUT" ? "secret" : "i-0123");
    });
    const reply = await at.client.get("/latest/meta-data/instance-id");
    expect(reply).toMatchObject({
      kind: "ok",
      body: "i-0123",
      serverDateMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      protocol: "v2",
    });
    expect(seen).toEqual([
      ["PUT", "/latest/api/token", undefined],
      "21600",
      ["GET", "/latest/meta-data/instance-id", "secret"],
      undefined,
    ]);
  });

  test.skipIf(!HAS_IPV6_LOOPBACK)("an IPv6 literal is an address like any other", async () => {
    const hosts: unknown[] = [];
    await using at = await stage(
      afterToken((request, response) => {
        hosts.push(request.headers.host);
        response.end("yes");
      }),
      "::1",
    );
    expect(await at.client.get("/x")).toMatchObject({ kind: "ok", body: "yes" });
    expect(hosts).toEqual([expect.stringMatching(/^\[::1\]:\d+$/)]);
  });

  test("one connection serves many requests", async () => {
    await using at = await stage(afterToken((_request, response) => response.end("x")));
    for (let turn = 0; turn < 5; turn += 1) expect((await at.client.get("/x")).kind).toBe("ok");
    expect(at.connections()).toBe(1);
  });

  test("a kept connection that the service has closed meanwhile is replaced without a word", async () => {
    await using at = await stage(afterToken((_request, response) => response.end("x")));
    await at.client.get("/x");
    at.server.closeAllConnections();
    expect((await at.client.get("/x")).kind).toBe("ok");
    expect(at.connections()).toBe(2);
  });

  test("a redirect is not followed", async () => {
    const paths: unknown[] = [];
    await using at = await stage(
      afterToken((request, response) => {
        paths.push(request.url);
        response.writeHead(302, { location: "/elsewhere" }).end();
      }),
    );
    expect(await at.client.get("/x")).toMatchObject({ kind: "trouble", what: "status", status: 302 });
    expect(paths).toEqual(["/x"]);
  });

  test("a body above 64 KiB is trouble, one of exactly 64 KiB is not", async () => {
    await using at = await stage(
      afterToken((request, response) => response.end("x".repeat(Number(request.url?.slice(1))))),
    );
    expect((await at.client.get("/65536")).kind).toBe("ok");
    expect(await at.client.get("/65537")).toMatchObject({ kind: "trouble", what: "too-large" });
  });

  test("a body that never ends runs into the same limit of time as a reply that never begins", async () => {
    await using at = await stage(afterToken((_request, response) => response.write("x")));
    const reading = at.client.get("/x");
    await until(() => at.answered() === 2);
    at.clock.advance(1000);
    expect(await reading).toMatchObject({ kind: "trouble", what: "timeout" });
  });

  test("an abort ends the wait at once and leaves no timer", async () => {
    await using at = await stage(() => {});
    const end = new AbortController();
    const reading = at.client.get("/x", end.signal);
    await until(() => at.connections() === 1);
    end.abort();
    expect(await reading).toMatchObject({ kind: "trouble", what: "aborted" });
    expect(at.clock.pending).toBe(0);
  });

  test("a token that cannot be one is never sent on", async () => {
    await using at = await stage((_request, response) => response.end("<html>\nplease sign in</html>"));
    expect(await at.client.get("/x")).toMatchObject({ kind: "trouble", what: "token" });
  });

  test("a service that rejects every token is asked for two of them and no more", async () => {
    const methods: unknown[] = [];
    await using at = await stage((request, response) => {
      methods.push(request.method);
      response.writeHead(request.method === "PUT" ? 200 : 401).end("secret");
    });
    expect(await at.client.get("/x")).toEqual({ kind: "refused", status: 401, tokenTrouble: undefined });
    expect(methods).toEqual(["PUT", "GET", "PUT", "GET"]);
  });
});
