import { describe, expect, test } from "vitest";
import { type EndEvidence, judgeEnd } from "./command-end.ts";

const quiet: Omit<EndEvidence, "exit"> = {
  stopCause: undefined,
  interruptionAnnounced: false,
  toldByUs: false,
  progressComplete: false,
  zeroAfterStop: "interrupted",
};
const zero = { kind: "exited", status: 0 } as const;
const three = { kind: "exited", status: 3 } as const;
const again = { kind: "exited", status: 75 } as const;
const killed = { kind: "signalled", signal: "SIGKILL" } as const;

describe("the end of a command is judged from the evidence", () => {
  const cases: readonly [string, Partial<EndEvidence> & Pick<EndEvidence, "exit">, string][] = [
    ["status 0 by itself is completed", { exit: zero }, "completed"],
    ["another status by itself is a failure", { exit: three }, "failed"],
    ["a signal that we did not send is a failure", { exit: killed }, "failed"],
    ["75 without an interruption is a failure like any other: J5", { exit: again }, "failed"],
    [
      "75 while an interruption is announced is interrupted",
      { exit: again, interruptionAnnounced: true },
      "interrupted",
    ],
    [
      "0 during an interruption of which nobody told the command is completed",
      { exit: zero, interruptionAnnounced: true },
      "completed",
    ],
    [
      "0 after it was told of the interruption is not taken for done: E1",
      { exit: zero, interruptionAnnounced: true, toldByUs: true },
      "interrupted",
    ],
    [
      "0 after the stop signal is not taken for done: E1",
      { exit: zero, stopCause: "interruption" },
      "interrupted",
    ],
    [
      "0 after the stop signal is done when its own report says so",
      { exit: zero, stopCause: "interruption", progressComplete: true },
      "completed",
    ],
    [
      "0 after the stop signal is done when the user has said so",
      { exit: zero, stopCause: "interruption", zeroAfterStop: "completed" },
      "completed",
    ],
    [
      "any status after the stop signal is interrupted: S11",
      { exit: three, stopCause: "interruption" },
      "interrupted",
    ],
    [
      "SIGKILL after the stop signal is interrupted: S08",
      { exit: killed, stopCause: "interruption" },
      "interrupted",
    ],
    ["whatever follows Ctrl-C is stopped: S13", { exit: zero, stopCause: "user" }, "stopped"],
  ];
  test.each(cases)("%s", (_name, evidence, kind) => {
    expect(judgeEnd({ ...quiet, ...evidence }).kind).toBe(kind);
  });

  test("S10: a crash before the stop signal keeps both causes: interrupted, and a failure is counted", () => {
    expect(judgeEnd({ ...quiet, exit: three, interruptionAnnounced: true })).toMatchObject({
      kind: "interrupted",
      alsoFailed: true,
    });
  });

  test("a command that cannot be started is a failure that is never tried again", () => {
    const exit = { kind: "not-started", code: "command-not-found", detail: "nope" } as const;
    expect(judgeEnd({ ...quiet, exit })).toMatchObject({ kind: "failed", mayRetry: false });
  });
});
