import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { streamWriter } from "./command-io.ts";

function streamThatFails(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: write`), { code })),
  });
}

async function troubleOf(stream: Writable): Promise<Error | undefined> {
  const writer = streamWriter(() => stream);
  writer.write("a result\n");
  await writer.drain();
  return writer.trouble();
}

test("a result that found no room on the disk is told, and throws nothing into the program", async () => {
  expect((await troubleOf(streamThatFails("ENOSPC")))?.message).toBe("ENOSPC: write");
});

test.each(["EPIPE", "EIO"])("a reader who has gone (%s) is no trouble", async (code) => {
  expect(await troubleOf(streamThatFails(code))).toBeUndefined();
});
