import { expect, test } from "vitest";
import { SpotproofError } from "../base/index.ts";
import type { FolderSaver, SaveReason, SaveResult } from "../checkpoint/index.ts";
import { SaveForecast } from "./save-forecast.ts";
import { type SaveEnd, SaveQueue } from "./save-queue.ts";

/** A queue whose saver never finishes by itself: a save ends when it is given up. */
function queueThatHangs(): { queue: SaveQueue; begun: SaveReason[]; ended: [SaveReason, SaveEnd["kind"]][] } {
  const begun: SaveReason[] = [];
  const ended: [SaveReason, SaveEnd["kind"]][] = [];
  const saver: FolderSaver = {
    save({ reason, signal }) {
      begun.push(reason);
      return new Promise<SaveResult>((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    },
    prune: () => Promise.reject(new Error("not here")),
  };
  const queue = queueOf(saver, (reason, end) => ended.push([reason, end.kind]));
  return { queue, begun, ended };
}

function queueOf(saver: FolderSaver, onEnd: (reason: SaveReason, end: SaveEnd) => void): SaveQueue {
  return new SaveQueue({
    saver,
    forecast: new SaveForecast(),
    confirm: () => Promise.resolve("valid"),
    note: () => ({}),
    currentPause: () => undefined,
    retention: { last: 2, hourly: 0, daily: 0 },
    onEnd,
    onPruned: () => undefined,
    onPruneFailed: () => undefined,
  });
}

test("I3: when the time is over the save that waits is given up with the one in flight: none begins after that", async () => {
  const { queue, begun, ended } = queueThatHangs();
  const notice = queue.save("notice");
  const final = queue.save("final");
  await queue.giveUp();
  expect([await notice, await final]).toEqual([{ kind: "aborted" }, { kind: "aborted" }]);
  expect(begun).toEqual(["notice"]);
  expect(ended).toEqual([
    ["notice", "aborted"],
    ["final", "aborted"],
  ]);
});

test("a save that is wished for after giving up is not affected", async () => {
  const { queue, begun } = queueThatHangs();
  const first = queue.save("interval");
  const givenUp = queue.giveUp();
  const second = queue.save("final");
  await first;
  await Promise.resolve();
  expect(begun).toEqual(["interval", "final"]);
  await queue.giveUp();
  await givenUp;
  expect(await second).toEqual({ kind: "aborted" });
});

test("a full store is pruned at once: what nobody needs any more may be the room for the next save", async () => {
  const prunes: number[] = [];
  let saves = 0;
  const saver: FolderSaver = {
    save: () => {
      saves += 1;
      return Promise.reject(new SpotproofError(saves === 2 ? "store-full" : "folder-changing", "Not now."));
    },
    prune: () => {
      prunes.push(saves);
      return Promise.resolve({
        removedCheckpoints: [],
        removedPacks: 0,
        removedBytes: 0,
        keptCheckpoints: [],
      });
    },
  };
  const queue = queueOf(saver, () => undefined);
  for (let save = 0; save < 3; save += 1) await queue.save("interval");
  expect(prunes).toEqual([2]);
});
