import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take half a minute and more, longest first: all processors would wait for one that begins last. */
const LONGEST = [
  "test/end-to-end/store-outage.test.ts",
  "test/end-to-end/stores.test.ts",
  "test/python/run.test.ts",
  "examples/demo/demo.test.ts",
  "test/stores-guide.test.ts",
  "examples/crawler.test.ts",
  "examples/survives.test.ts",
  "test/browser/report.test.ts",
  "test/end-to-end/run.test.ts",
  "test/end-to-end/doctor.test.ts",
  "test/end-to-end/stores-trouble.test.ts",
  "src/job/protocol.model.test.ts",
  "test/python/kill-anywhere.test.ts",
];

/** Begins with the longest files also where no earlier run has measured them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => groupOf(one) - groupOf(other) || placeOf(one) - placeOf(other));
  }
}

const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}`));
  return place === -1 ? LONGEST.length : place;
}
