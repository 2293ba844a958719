import { expect, test } from "vitest";
import { manualClock } from "../../test/stages/manual-clock.ts";
import { seededRandom } from "../base/index.ts";
import { createNoticeSources } from "./create-notice-sources.ts";
import type { SourceReport } from "./notice-source.ts";

const disabled = { AWS_EC2_METADATA_DISABLED: "true" };

/** All sources in such an environment, and a SIGTERM. */
async function hearTerm(environment: Readonly<Record<string, string>>, signalGraceMs?: number) {
  const clock = manualClock();
  const handlers: (() => void)[] = [];
  const sources = createNoticeSources({
    environment: { ...disabled, ...environment },
    signals: ["SIGTERM"],
    onSignal: (_signal, handler) => {
      handlers.push(handler);
      return () => undefined;
    },
    signalGraceMs,
    clock,
    random: seededRandom(1),
  });
  const reports: SourceReport[] = [];
  const stop = new AbortController();
  const watches = sources.map((source) => source.watch((report) => reports.push(report), stop.signal));
  for (const handler of handlers) handler();
  const leads = reports.flatMap((report) =>
    report.kind === "noticed" ? [(report.notice.deadline?.atMs ?? 0) - clock.now()] : [],
  );
  stop.abort();
  await Promise.all(watches);
  return { names: sources.map(({ name }) => name), leads, reports };
}

test("signals and the EC2 metadata service are heard, which the environment may switch off", async () => {
  const { names, reports } = await hearTerm({});
  expect(names).toEqual(["signal", "ec2-metadata"]);
  expect(reports).toContainEqual({
    kind: "absent",
    source: "ec2-metadata",
    reason: expect.stringContaining("AWS_EC2_METADATA_DISABLED"),
  });
});

test.each([
  ["Kubernetes", { KUBERNETES_SERVICE_HOST: "10.0.0.1" }, 30_000],
  ["ECS", { ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4/x" }, 30_000],
  ["Slurm", { SLURM_JOB_ID: "7" }, 30_000],
  ["anything else, as docker stop", {}, 10_000],
])("after a signal there is as long as the platform grants: %s", async (_name, environment, graceMs) => {
  expect((await hearTerm(environment)).leads).toEqual([graceMs]);
  expect((await hearTerm(environment, 5000)).leads).toEqual([5000]);
});

test("a value in the environment that makes no sense is refused before anything is watched", () => {
  const create = () =>
    createNoticeSources({
      environment: { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "ipv5" },
      signals: [],
      onSignal: () => () => undefined,
      clock: manualClock(),
      random: seededRandom(1),
    });
  expect(create).toThrow(/AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "ipv5"/);
});
