import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useBench } from "./run-spotproof.ts";

const bench = useBench();
const has = (module: string): boolean => spawnSync("python3", ["-c", `import ${module}`]).status === 0;
const canTell = process.platform === "linux" && has("json");

interface Saved {
  readonly event: string;
  readonly checkpoint: { readonly id: string };
  readonly openForWriting?: readonly { path: string; bytes: number; append: boolean; wholeBytes?: number }[];
  readonly openForWritingCount?: number;
}

/** Runs a Python program that is saved at fixed moments, by asking for it with `save()`. */
async function saveDuring(program: string) {
  const prelude = `
import http.client, os, socket, sys
class Channel(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(os.environ["SPOTPROOF_SOCKET"])
def save():
    channel = Channel("job"); channel.request("POST", "/checkpoint"); assert channel.getresponse().status == 200
os.chdir(os.environ["SPOTPROOF_CHECKPOINT"])
`;
  const options = "--job j --store store --checkpoint ckpt --every 1h --retry-wait 1ms --log-file log.jsonl";
  const end = await bench.run(["run", ...options.split(" "), "--", "python3", "-c", prelude + program]);
  expect(end.status, end.stderr).toBe(0);
  const lines = readFileSync(join(bench.folder, "log.jsonl"), "utf8").trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Saved);
  const saved = events.filter(({ event }) => event === "saved").map(({ openForWriting }) => openForWriting);
  return {
    saved,
    events,
    warnings: end.stderr.split("\n").filter((line) => line.includes("was being written")),
  };
}

describe.runIf(canTell)("C12 C01: a file that is open for writing while it is saved", () => {
  test("is warned of once when it is rewritten in place and was saved whole before", async () => {
    const { saved, events, warnings } = await saveDuring(`
def write(half):
    with open("state.json", "w") as f:
        f.write("x" * 512); f.flush()
        if half: save()
        f.write("x" * 1536)
write(False); save(); write(True); write(True); write(False); save()
`);
    expect(saved).toEqual([
      undefined,
      undefined,
      [{ path: "state.json", bytes: 512, append: false, wholeBytes: 2048 }],
      [{ path: "state.json", bytes: 512, append: false, wholeBytes: 2048 }],
      undefined,
      undefined,
    ]);
    expect(warnings).toEqual([
      expect.stringContaining(
        "state.json was being written when checkpoint 000001-000003 was made (512 of 2048 bytes): write beside it and rename, or save with --commit-by program",
      ),
    ]);
    expect(events.filter(({ event }) => event === "half-written")).toMatchObject([
      { checkpoint: "000001-000003", path: "state.json", bytes: 512, wholeBytes: 2048 },
    ]);
    expect(events.find(({ openForWriting }) => openForWriting !== undefined)).toMatchObject({
      openForWritingCount: 1,
    });
    const status = await bench.run(["status", "--store", "store", "--json"]);
    expect(status.status).toBe(0);
    const outcome = readFileSync(join(bench.folder, "store/jobs/j/attempts/000001/outcome.json"), "utf8");
    expect(outcome).toMatch(/"openForWriting"[^]*"state\.json"/);
  });

  test("is warned of when it grows, shrinks or only changes within", async () => {
    const { warnings } = await saveDuring(`
import time
for name in ["grows", "changes"]: open(name, "w").write("x" * 1000)
save(); time.sleep(0.1)
grows, changes = open("grows", "r+"), open("changes", "r+")
grows.write("y" * 1500); changes.write("y" * 10); grows.flush(); changes.flush()
save()
`);
    expect(warnings).toEqual([
      expect.stringMatching(/changes was being written when .*\(1000 bytes so far\)/),
      expect.stringMatching(/grows was being written when .*\(1500 bytes so far\)/),
    ]);
  });

  test("is named but not warned of when it is written beside and renamed, or only grows at its end", async () => {
    const { saved, warnings } = await saveDuring(`
def write(half):
    with open("state.json.new", "w") as f:
        f.write("x" * 512); f.flush()
        if half: save()
        f.write("x" * 1536)
    os.rename("state.json.new", "state.json")
log = open("train.log", "a")
write(False); print("a line", file=log, flush=True); save()
for half in [True, True]: print("a line", file=log, flush=True); write(half)
log.close(); save()
log = open("train.log", "a"); print("a line", file=log, flush=True); save()
`);
    expect(saved[2]?.map(({ path, append }) => [path, append])).toEqual([
      ["state.json.new", false],
      ["train.log", true],
    ]);
    expect(saved.at(-2)).toEqual([{ path: "train.log", bytes: 28, append: true, wholeBytes: 21 }]);
    expect(warnings).toEqual([]);
  });

  test("is not warned of when it was never seen closed, as a log that is held open", async () => {
    const { warnings } = await saveDuring(`
log = open("out.txt", "w")
for line in range(3): print("x" * 100, file=log, flush=True); save()
`);
    expect(warnings).toEqual([]);
  });

  test("is not warned of when it was restored and not saved since: nobody knows whether it was whole", async () => {
    const { saved, warnings } = await saveDuring(`
second = os.path.exists("out.txt")
out = open("out.txt", "w"); out.write("x" * (10 if second else 1000)); out.flush()
if not second: out.close()
save()
sys.exit(0 if second else 1)
`);
    expect(saved[2]).toEqual([{ path: "out.txt", bytes: 10, append: false }]);
    expect(warnings).toEqual([]);
  });

  test.runIf(has("sqlite3"))(
    "is not warned of when it is SQLite's, nor what SQLite keeps beside it",
    async () => {
      const { saved, warnings } = await saveDuring(`
import sqlite3
def change(path, mode, half):
    db = sqlite3.connect(path); db.execute("pragma journal_mode=" + mode)
    db.execute("create table if not exists t (x)"); db.commit()
    db.execute("insert into t values (hex(zeroblob(100000)))")
    if half: save()
    db.commit(); db.close()
for half in [False, True]:
    for path, mode in [("a.db", "wal"), ("b.db", "persist")]: change(path, mode, half)
    save()
`);
      const named = new Set(saved.flatMap((files) => files ?? []).map(({ path }) => path));
      expect([...named]).toEqual(expect.arrayContaining(["a.db", "a.db-wal", "b.db", "b.db-journal"]));
      expect(warnings).toEqual([]);
    },
  );

  test("is counted, and at most twenty are named", async () => {
    const { events } = await saveDuring(`
files = [open("file %d" % n, "w") for n in range(30)]
save()
`);
    const save = events.find(({ openForWriting }) => openForWriting !== undefined);
    expect(save?.openForWriting).toHaveLength(20);
    expect(save?.openForWritingCount).toBe(30);
  });

  test("is named by its bytes as people read them, whatever its name and wherever it lies", async () => {
    const { saved } = await saveDuring(`
os.mkdir("a folder")
f = open("a folder/größe\\n1", "w"); save()
`);
    expect(saved[1]).toEqual([{ path: "a folder/größe\n1", bytes: 0, append: false }]);
  });
});
