import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jobFile, useBench } from "./run-spotproof.ts";

const bench = useBench();
const run = ["run", "--job", "count", "--store", "store", "--checkpoint", "ckpt"];
const withLog = [...run, "--log-file", "log.jsonl"];

interface Line {
  readonly event: string;
  readonly level: number;
  readonly attempt?: number;
  readonly [member: string]: unknown;
}

const linesOf = (path: string): readonly Line[] =>
  readFileSync(join(bench.folder, path), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

describe("--log-file", () => {
  test("gets every line as JSON, the quiet ones too, while standard error stays text for people", async () => {
    const end = await bench.run([...withLog, "--", jobFile("counts.sh"), "3", "0"]);
    expect(end.status).toBe(0);
    expect(end.stderr).toMatch(/^spotproof[:!] /);
    expect(end.stderr).not.toMatch(/the command runs as process/);
    const events = linesOf("log.jsonl").map(({ event }) => event);
    expect(events).toEqual(expect.arrayContaining(["command-started", "saved", "command-ended"]));
    expect(events.at(-1)).toBe("attempt-ended");
    if (process.umask() === 0o022) expect(statSync(join(bench.folder, "log.jsonl")).mode & 0o777).toBe(0o644);
  });

  test("has the same objects as --log-format json on standard error", async () => {
    const end = await bench.run([...withLog, "--log-format", "json", "--", "true"]);
    const said = end.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const comparable = (line: Line): Line => ({ ...line, time: undefined });
    expect(linesOf("log.jsonl").map(comparable)).toEqual(said.map(comparable));
  });

  test("is added to by the next attempt, and says why a run could not be", async () => {
    writeFileSync(join(bench.folder, "store"), "");
    const failed = await bench.run([...withLog, "--", "true"]);
    expect(failed.status).toBe(69);
    expect(linesOf("log.jsonl").at(-1)).toMatchObject({
      event: "run-failed",
      level: 50,
      code: "store-unreachable",
    });
    const other = [...run.slice(0, 4), "other", ...run.slice(5), "--log-file", "log.jsonl"];
    await bench.run([...other, "--", "true"]);
    expect(linesOf("log.jsonl").at(-1)).toMatchObject({ event: "attempt-ended", job: "count", attempt: 1 });
  });

  test("that cannot be written is refused before anything is claimed", async () => {
    mkdirSync(join(bench.folder, "folder"));
    const cases: readonly (readonly [string, RegExp])[] = [
      ["nowhere/log", /--log-file .*nowhere\/log cannot be written: ENOENT/],
      ["folder", /--log-file .*folder cannot be written: EISDIR/],
      ["/dev/null", /is not a file/],
      ["", /--log-file is empty/],
      ["ckpt/log", /lies in the folder .*ckpt, which is saved/],
    ];
    for (const [path, words] of cases) {
      const end = await bench.run([...run, "--log-file", path, "--", "true"]);
      expect(end.stderr).toMatch(words);
      expect(end.status).toBe(64);
    }
    expect(existsSync(join(bench.folder, "store"))).toBe(false);
  });

  test("that lies in the checkpoint folder through a link is refused too", async () => {
    mkdirSync(join(bench.folder, "ckpt"));
    symlinkSync("ckpt", join(bench.folder, "way"));
    const end = await bench.run([...run, "--log-file", "way/log", "--", "true"]);
    expect(end.stderr).toMatch(/lies in the folder/);
    expect(end.status).toBe(64);
    expect(existsSync(join(bench.folder, "ckpt", "log"))).toBe(false);
  });
});

const canMount =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("unshare", ["-m", "true"]).status === 0;

test.runIf(canMount)(
  "C20: a log file that finds no room any more is told once and harms nothing",
  async () => {
    mkdirSync(join(bench.folder, "logs"));
    const script =
      'mount -t tmpfs -o size=64k tmpfs logs && head -c 61000 /dev/zero >logs/fill && shift && "$@"; status=$?; cp logs/log.jsonl seen; exit $status';
    const prefix = ["unshare", "-m", "sh", "-c", script, "sh", "x"];
    const steps = "i=0; while [ $i -lt 12 ]; do i=$((i + 1)); echo $i >ckpt/n; sleep 0.1; done";
    const end = await bench.run(
      [...run, "--every", "100ms", "--log-file", "logs/log.jsonl", "--", "sh", "-c", steps],
      { prefix },
    );
    expect(end.status).toBe(0);
    expect(end.stderr.match(/a line could not be added to .*log\.jsonl/g)).toHaveLength(1);
    const whole = readFileSync(join(bench.folder, "seen"), "utf8").split("\n").slice(0, -1);
    expect(whole.length).toBeGreaterThan(2);
    for (const line of whole) expect(() => JSON.parse(line) as Line).not.toThrow();
  },
);

describe("reports of progress", () => {
  const script = `
import http.client, os, socket
class Channel(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(os.environ["SPOTPROOF_SOCKET"])
channel = Channel("job")
for done in range(1, 301):
    channel.request("POST", "/progress", '{"done": %d, "total": 300, "unit": "steps"}' % done)
    channel.getresponse().read()
`;
  const hasPython = spawnSync("python3", ["-c", ""]).status === 0;

  test.runIf(hasPython)(
    "are events of the log, not more than some twenty a second, and the last is there",
    async () => {
      const end = await bench.run([...withLog, "--", "python3", "-c", script]);
      expect(end.status).toBe(0);
      expect(end.stderr).not.toMatch(/progress/);
      const lines = linesOf("log.jsonl");
      const told = lines.filter(({ event }) => event === "progress");
      expect(told[0]).toMatchObject({ done: 1, total: 300, unit: "steps", level: 20 });
      expect(told.at(-1)).toMatchObject({ done: 300, total: 300, unit: "steps" });
      expect(told.length).toBeLessThan(150);
      const order = lines.map(({ event }) => event);
      expect(order.lastIndexOf("progress")).toBeLessThan(order.indexOf("command-ended"));
    },
  );
});
