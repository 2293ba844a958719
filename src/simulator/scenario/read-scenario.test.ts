import { describe, expect, test } from "vitest";
import { SpotproofError } from "../../base/index.ts";
import { readScenario } from "./read-scenario.ts";

/** What is said about a text that cannot be read. */
function complaint(text: string): string {
  try {
    readScenario(text, "my.yaml");
  } catch (error) {
    expect(error).toBeInstanceOf(SpotproofError);
    expect((error as SpotproofError).code).toBe("bad-usage");
    return (error as SpotproofError).detail;
  }
  throw new Error(`This was read without a complaint:\n${text}`);
}

/** The complaint about one entry of the timetable, for AWS. */
const about = (entry: string, head = ""): string =>
  complaint(`name: x\n${head}interruptions:\n  - { at: 20%, ${entry} }\n`);

/** The first entry of a timetable. */
const read = (entry: string, head = "") =>
  readScenario(`name: x\n${head}interruptions:\n  - { at: 20%, ${entry} }\n`, "my.yaml").interruptions[0];

describe("a mistake is told with its place and its remedy", () => {
  test("a misspelt key: with the line, the column and the key that was meant", () => {
    const text = "name: x\ninterruptions:\n  - at: 25%\n    laed: 5s\n";
    expect(complaint(text)).toContain('my.yaml:4:5: interruptions 1 has no "laed": did you mean "lead"?');
  });

  test.each([
    ["canceled_after", "cancelled-after"],
    ["Lead", "lead"],
    ["duringwrite", "during-write"],
    ["clokc-jump", "clock-jump"],
  ])("%s is taken for %s", (wrong, right) => {
    expect(about(`${wrong}: 5s`)).toContain(`did you mean "${right}"?`);
  });

  test("a key that is like no other: with those that exist", () => {
    expect(complaint("name: x\nfleet: { weather: 3 }")).toContain(
      'my.yaml:2:10: fleet has no "weather": it knows machines, zones',
    );
  });

  test("all mistakes at once, in the order of the file, and every unknown key of a mapping", () => {
    const said = complaint(
      "nam: x\nclod: aws\ninterruptions:\n  - at: 25\n    lead: soon\nlimits: { time: -5s }\n",
    );
    const places = [...said.matchAll(/my\.yaml:(\d+):(\d+)/g)].map(([, line]) => Number(line));
    expect(places).toEqual([1, 1, 2, 4, 5, 6]);
    expect(said).toContain("6 mistakes");
    expect(said).toContain("name is missing");
  });

  test("no more than ten are shown", () => {
    expect(complaint(`name: x\ninterruptions: [${Array(30).fill("7").join(", ")}]`)).toContain(
      "… and 20 more.",
    );
  });

  test("a value of another kind: what was found and what would be right", () => {
    expect(about("lead: 120")).toContain(
      "my.yaml:3:22: interruptions 1, lead must be a duration of at most one hour such as 120s, two to draw between such as [5s, 30s], or none; found 120",
    );
    expect(about("ends: maschine")).toContain(
      "must be machine, zone, nothing, zombie or hibernation; found maschine",
    );
  });

  test("the place of a value behind an alias is where it is written", () => {
    expect(complaint("name: x\ninterruptions:\n - &a { at: 200% }\n - *a\n")).toContain("my.yaml:3:13");
  });
});

describe("traps of YAML", () => {
  test.each([
    ["a tab", "name: x\n\tcloud: aws", "indent with spaces"],
    ["a key that is given twice", "name: x\nname: y", "my.yaml:2:1: this key is given twice"],
    ["an empty file", "", "it is empty"],
    ["comments only", "# nothing\n", "it is empty"],
    ["null", "null", "it is empty"],
    ["a list", "- name: x", "it is a list"],
    ["a text", "typical", "it is a string"],
    ["a second document", "name: x\n---\nname: y", "my.yaml:2:1: there is a second document"],
    ["an unknown alias", "name: *other", "Unresolved alias"],
    ["an unknown tag", "name: !secret x", "Unresolved tag"],
    ["a bracket that is not closed", "name: [x", "my.yaml:1"],
    ["a merge key", "name: x\n<<: { cloud: aws }", 'has no "<<"'],
    ["a prototype", "name: x\n__proto__: { cloud: aws }", 'has no "__proto__"'],
    ["a key that is a list", "name: x\n? [a]\n: 1", "all keys must be strings"],
    ["a list for a mapping", "name: x\nrandom: [3]", "random must be a mapping (key: value); found a list"],
    ["not a number", "name: x\nlimits: { machines: .nan }", "a whole number from 1 to 1000; found .nan"],
    ["infinity", "name: x\nlimits: { machines: .inf }", "a whole number from 1 to 1000; found .inf"],
    ["a huge number", "name: x\nlimits: { machines: 12e99 }", "a whole number from 1 to 1000; found 12e99"],
    [
      "a value that was forgotten",
      "name: x\nrandom:\n",
      "random must be a mapping (key: value); found nothing",
    ],
    ["a year as a name", "name: 2026", "name must be a text of 1 to 60 characters; found 2026"],
  ])("%s", (_, text, words) => {
    expect(complaint(text)).toContain(words);
  });

  test("aliases that multiply are refused before they fill the memory", () => {
    const levels = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [was, is] of ["ab", "bc", "cd", "de", "ef", "fg", "gh"]) {
      levels.push(`${is}: &${is} [${Array(10).fill(`*${was}`).join(", ")}]`);
    }
    expect(complaint(levels.join("\n"))).toContain("anchors and aliases cannot be followed");
  });

  test("a text of more than a megabyte is not even parsed", () => {
    expect(complaint(`name: x\n#${"x".repeat(1_000_000)}`)).toContain("more than 1000000 characters");
  });
});

describe("times and shares", () => {
  test.each([
    "-5s",
    "12e99s",
    "1:30",
    "5",
    "5 s",
    "s",
    "999999999999d",
    "0x10s",
    "1_000s",
    "'NaNs'",
    "Infinity",
  ])("%s is no duration", (text) => {
    expect(complaint(`name: x\nlimits: { time: ${text} }`)).toContain("limits, time must be");
  });

  test.each(["0.25", "25", "101%", "-1%", "1e1%", "'%'"])("%s is no share", (text) => {
    expect(complaint(`name: x\ninterruptions: [{ at: ${text} }]`)).toContain("interruptions 1, at must be");
  });

  test("a range begins with the smaller end, and has two", () => {
    expect(about("capacity: [90s, 30s]")).toContain("must begin with the shorter of the two times");
    expect(about("capacity: [90s]")).toContain("two to draw between");
    expect(about("capacity: [1s, 2s, 3s]")).toContain("two to draw between");
    expect(read("capacity: [30s, 1.5m]")?.capacity).toEqual({ from: 30_000, to: 90_000 });
  });

  test("a lead is at most an hour", () => {
    expect(about("lead: 61m")).toContain("at most one hour");
    expect(read("lead: 60m")?.notice?.lead).toEqual({ from: 3_600_000, to: 3_600_000 });
  });

  test("a clock may be behind and jump back", () => {
    const scenario = readScenario(
      "name: x\nmetadata: { clock: -5m }\ninterruptions: [{ at: 1%, clock-jump: -1h, ends: nothing }]",
      "my.yaml",
    );
    expect(scenario.metadata.clockAheadMs).toBe(-300_000);
    expect(scenario.interruptions[0]?.clockJumpMs).toBe(-3_600_000);
  });
});

describe("what cannot be is refused", () => {
  test.each([
    ["cancelled-after: 2m", "must be shorter than the lead"],
    ["cancelled-after: [1s, 200s]", "must be shorter than the lead"],
    ["cancelled-after: 5s, lead: none", "needs a notice that can be taken back"],
    ["cancelled-after: 5s, ends: zombie, lead: 30s", "cannot be together with ends: zombie"],
    ["cancelled-after: 5s, ends: machine", "cannot be together with ends: machine"],
    ["cancelled-after: 5s, via: both", "a signal cannot be taken back"],
    ["ends: nothing", "does nothing"],
    ["ends: nothing, lead: none", "does nothing"],
    ["ends: nothing, lead: 5s, capacity: 5s", "nothing is replaced"],
    ["zombie: { paused: 5s }", "needs ends: zombie"],
    ["ends: hibernation, flaps: { times: 1, life: 5s }", "there is no successor"],
    ["ends: hibernation, action: stop", "must be hibernate with ends: hibernation"],
    ["action: hibernate, lead: 120s", "the two minutes do not come"],
    ["rebalance: alone, lead: 120s", "must be left out with rebalance: alone"],
    ["rebalance: alone, ends: machine", "must be left out or nothing with rebalance: alone"],
    ["lead: none, action: stop", "nothing is announced"],
    ["lead: none, via: sigterm", "nothing is announced"],
    ["after: 5m", "more than one moment"],
  ])("%s", (entry, words) => {
    expect(about(entry)).toContain(words);
  });

  test.each([
    ["interruptions: [{ lead: 5s }]", "needs its moment: at: 25%, after: 10m or time: 1h"],
    ["interruptions: [{ at: [50%, 100%] }]", "below 100%"],
    ["store: [{ kind: full, for: 5s }]", "my.yaml:2:9: store 1 needs its moment"],
    ["store: [{ kind: full, at: 5%, for: 5s, share: 150% }]", "must be at most 100%"],
    [
      "store: [{ kind: 504, at: 5%, for: 5s }]",
      "must be timeout, 500, 503, 409, 412, slow or full; found 504",
    ],
    ["store: [{ kind: slow, at: 5%, for: 5s }]", "store 1, delay is missing"],
    ["metadata: { faults: [{ kind: status }] }", "metadata, faults 1, status is missing"],
    ["metadata: { faults: [{ kind: hang, status: 500 }] }", 'has no "status"'],
    ["random: { interruptions: 3, every: 2h }", "keep one of interruptions and every"],
    ["random: { rebalance: 30% }", "needs interruptions: 3 or every: 2h"],
    ["random: { every: 2h, between: [5%, 6%] }", "needs interruptions: a number"],
    ["random: { interruptions: 3, first: 5s }", "needs every: a duration"],
    ["random: { interruptions: 3, between: [60%, 50%] }", "must begin with the smaller share"],
    ["random: { interruptions: 3, leads: { none: 0 } }", "must have a number above 0"],
    ["fleet: { machines: 3 }\nlimits: { machines: 2 }\nrandom: { every: 1h }", "at least the 3 machines"],
    ["cloud: aws", "nothing happens in it"],
  ])("%s", (rest, words) => {
    expect(complaint(`name: x\n${rest}\n`)).toContain(words);
  });

  test.each([
    ["interruptions: [{ at: 5%, rebalance: 5s }]", "only aws recommends a rebalance"],
    ["interruptions: [{ at: 5%, action: hibernate }]", "only aws hibernates"],
    ["interruptions: [{ at: 5%, ends: hibernation }]", "only aws hibernates"],
    ["metadata: { hop-limit: too-low }", "only aws has it"],
    ["random: { interruptions: 1, rebalance: 5% }", "only aws recommends a rebalance"],
  ])("on Google Cloud: %s", (rest, words) => {
    expect(complaint(`name: x\ncloud: gcp\n${rest}\n`)).toContain(words);
  });

  test("two interruptions at the same moment are fine", () => {
    expect(
      readScenario("name: x\ninterruptions: [{ at: 5% }, { at: 5% }]", "my.yaml").interruptions,
    ).toHaveLength(2);
  });
});

describe("what is left out", () => {
  test("the lead is the cloud's", () => {
    const lead = (cloud: string) => read("action: terminate", `cloud: ${cloud}\n`)?.notice?.lead.from;
    expect([lead("aws"), lead("gcp"), lead("azure")]).toEqual([120_000, 30_000, 30_000]);
  });

  test("D08: a hibernation stands still at its notice, for as long as capacity is away", () => {
    expect(read("action: hibernate, capacity: 5m")).toMatchObject({
      notice: { action: "hibernate", lead: { from: 0, to: 0 } },
      end: { kind: "hibernation" },
      capacity: { from: 300_000 },
    });
  });

  test("what is taken back ends nothing; a recommendation alone has no notice; a zombie none either", () => {
    expect(read("cancelled-after: 30s")).toMatchObject({
      end: { kind: "none" },
      notice: { lead: { from: 120_000 } },
    });
    expect(read("rebalance: alone")).toMatchObject({
      end: { kind: "none" },
      notice: undefined,
      rebalanceBefore: { from: 0, to: 0 },
    });
    expect(read("ends: zombie")).toMatchObject({ notice: undefined, end: { paused: { from: 150_000 } } });
  });

  test("D02: a hop limit that is too low is a token request that is never answered", () => {
    const { metadata } = readScenario("name: x\nmetadata: { hop-limit: too-low }", "my.yaml");
    expect(metadata).toMatchObject({
      tokens: "required",
      faults: [{ kind: "hang", on: "token", fromMs: 0 }],
    });
  });

  test("JSON is read as well, with its schema's address", () => {
    const text = `{"$schema": "./scenario.schema.json", "name": "x", "interruptions": [{"at": "20%", "lead": "5s"}]}`;
    expect(readScenario(text, "my.json").interruptions[0]?.at).toEqual({
      kind: "share",
      range: { from: 0.2, to: 0.2 },
    });
  });
});
