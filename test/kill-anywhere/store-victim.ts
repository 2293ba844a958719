import { Socket } from "node:net";
import { openDoor, parseStoreLocation } from "../../src/store/index.ts";
import { systemClock, systemRandom } from "../../src/base/index.ts";
import { liveAttemptIn } from "./attempt-life.ts";
import { oneAtATime } from "./disk-operations.ts";
import { type AroundCall, asWritten, watchCalls } from "./store-calls.ts";
import { spoil } from "./store-mutants.ts";
import { dieAt, live, numbersFrom, orderOfProcess } from "./victim-order.ts";

// A process that lives one attempt with a store of any kind, and is killed with SIGKILL before or after one of the store's
// calls, or while one is under way.

/** About as long as one call to a database in a file takes, and its opening. */
const CALL_MS = 1.5;
const OPENING_MS = 60;

const order = orderOfProcess();

/** Counts what is written to connections: after each the system has the bytes, and sends them also for a dead process. */
function watchSockets(): () => number {
  let sent = 0;
  const watched = Socket.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["_write", "_writev"]) {
    const original = watched[name];
    if (original === undefined) throw new Error(`This Node.js has no Socket.${name}.`);
    watched[name] = function (this: unknown, ...args: unknown[]) {
      const result = original.apply(this, args);
      sent += 1;
      dieAt(order, "sent", sent);
      return result;
    };
  }
  return () => sent;
}

/** Dies at a random moment from now on, if this is the call to die in. */
function dieDuring(operation: number): void {
  if (order.cut?.side !== "during" || order.cut.operation !== operation) return;
  const endsMs = performance.now() + systemRandom.next() * (operation === 0 ? OPENING_MS : CALL_MS);
  const look = (): void => {
    if (performance.now() >= endsMs) dieAt(order, "during", operation);
    setImmediate(look);
  };
  look();
}

void live(order, async (tell) => {
  const countSent = watchSockets();
  let operations = 0;
  let counts = order.cut?.since === undefined;
  const around: AroundCall = async (call, run) => {
    counts ||= `${call.kind} ${call.key}`.startsWith(order.cut?.since ?? "");
    if (!counts) return run();
    operations += 1;
    const number = operations;
    dieAt(order, "before", number);
    const { cut } = order;
    if (cut?.side === "held" && cut.operation === number) {
      const written = asWritten(call);
      if (written !== undefined) tell({ kind: "under way", call: written });
      dieAt(order, "held", number);
    }
    dieDuring(number);
    const result = await run();
    dieAt(order, "after", number);
    return result;
  };
  dieDuring(0);
  const opened = await openDoor(parseStoreLocation(order.plan.store, process.cwd(), "--store"), {
    mode: "write",
    signal: undefined,
    clock: systemClock,
    random: systemRandom,
    maxConnections: undefined,
  });
  const watched = order.order === undefined ? around : oneAtATime(numbersFrom(order.order), around);
  await liveAttemptIn(spoil(order.mutant, watchCalls(opened.store, watched)), order.plan, tell);
  await opened.close();
  return { operations, sent: countSent() };
});
