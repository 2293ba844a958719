import { expect, test } from "vitest";
import { parseSqliteLocation } from "./sqlite-location.ts";

test.each([
  ["sqlite:./jobs.db", "/work/jobs.db"],
  ["sqlite:jobs.db", "/work/jobs.db"],
  ["sqlite:../jobs.db", "/jobs.db"],
  ["sqlite:/abs/path.db", "/abs/path.db"],
  ["sqlite:///abs/path.db", "/abs/path.db"],
  ["sqlite:///abs/with%20space.db", "/abs/with space.db"],
  ["sqlite:with space.db", "/work/with space.db"],
])("%s is the file %s", (text, path) => {
  expect(parseSqliteLocation(text, "/work")).toEqual({ kind: "sqlite", path });
});

test.each(["sqlite:", "sqlite:folder/", "sqlite://host/path.db", "sqlite:///x.db?mode=ro", "jobs.db"])(
  "%s is refused",
  (text) => {
    expect(() => parseSqliteLocation(text, "/work")).toThrow(/Write sqlite:jobs\.db/);
  },
);

test.each(["sqlite::memory:", "sqlite://:memory:", "sqlite:///:memory:"])(
  "%s is refused: it would go with the process",
  (text) => {
    expect(() => parseSqliteLocation(text, "/work")).toThrow(/in memory is gone with the process/);
  },
);
