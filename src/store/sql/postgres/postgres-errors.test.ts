import { expect, test } from "vitest";
import { asPostgresError } from "./postgres-errors.ts";

const failure = (code: string, message = "what the server said"): Error =>
  Object.assign(new Error(message), { code });

test.each([
  ["a refused connection", "ECONNREFUSED", "store-unreachable"],
  ["a reset connection", "ECONNRESET", "store-unreachable"],
  ["an administrator's shutdown", "57P01", "store-unreachable"],
  ["a server that is starting", "57P03", "store-unreachable"],
  ["a lost connection", "08006", "store-unreachable"],
  ["a commit whose outcome is unknown", "08007", "store-unreachable"],
  ["a serialization failure", "40001", "store-unreachable"],
  ["a deadlock", "40P01", "store-unreachable"],
  ["a lock that was not to be had", "55P03", "store-unreachable"],
  ["a statement that took too long", "57014", "store-unreachable"],
  ["too many connections", "53300", "store-unreachable"],
  ["a stand-by", "25006", "store-unreachable"],
  ["tables that were dropped", "42P01", "store-unreachable"],
  ["something unknown", "XX000", "store-unreachable"],
  ["a full disk (C20)", "53100", "store-full"],
  ["a missing right", "42501", "store-not-writable"],
  ["a damaged page", "XX001", "record-damaged"],
  ["a statement that cannot be", "42601", "internal"],
])("%s (%s) is %s", (_, code, expected) => {
  expect(asPostgresError(failure(code), "postgres h/d", false).code).toBe(expected);
});

test("a wrong password is a mistake at the beginning, and trouble that may pass later", () => {
  expect(asPostgresError(failure("28P01"), "postgres h/d", true).code).toBe("bad-usage");
  expect(asPostgresError(failure("28P01"), "postgres h/d", false).code).toBe("store-unreachable");
});

test("the driver's own words for a lost connection are trouble that may pass", () => {
  const lost = asPostgresError(new Error("Connection terminated unexpectedly"), "postgres h/d", false);
  expect(lost.code).toBe("store-unreachable");
  expect(lost.detail).toBe("postgres h/d: Connection terminated unexpectedly.");
});

test("a host with several addresses says why each of them failed", () => {
  const both = new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused")], "");
  expect(asPostgresError(both, "postgres h/d", true).detail).toBe(
    "postgres h/d: ::1 refused; 127.0.0.1 refused.",
  );
});

test("a file of the URL's that is not there is a mistake; a socket that is not there yet may come", () => {
  const missing = failure("ENOENT", "ENOENT: no such file or directory, open '/nope'");
  expect(asPostgresError(missing, "postgres h/d", true).code).toBe("bad-usage");
  const socket = failure("ENOENT", "connect ENOENT /run/.s.PGSQL.5432");
  expect(asPostgresError(socket, "postgres h/d", true).code).toBe("store-unreachable");
});
