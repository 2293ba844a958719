import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { hostileScene, manySavesScene } from "../odd-scenes.fixture.ts";
import { failingScene, manyMachinesScene } from "../hard-scenes.fixture.ts";
import type { Scene } from "../pieces.fixture.ts";
import { typicalScene } from "../scenes.fixture.ts";
import { htmlReport } from "./html-report.ts";
import { html } from "./markup.ts";

const pageOf = ({ record, verdict }: Scene): string => htmlReport(record, verdict);

test("what is inserted into markup is text, and markup stays markup", () => {
  const made = html`<p title="${`"'<>&`}">${[html`<b>${"<i>"}</b>`, 3, undefined, "\u0000"]}</p>`;
  expect(made.markup).toBe('<p title="&quot;&#39;&lt;&gt;&amp;"><b>&lt;i&gt;</b>3\\u{0}</p>');
});

test("the policy allows the page's own style and nothing else", () => {
  const page = pageOf(typicalScene());
  const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  expect(page).toContain(`style-src &#39;sha256-${hash}&#39;`);
  expect(page).toContain("default-src &#39;none&#39;");
});

test("nothing of a record becomes markup, nor acts on the reader's screen", () => {
  const page = pageOf(hostileScene());
  expect(page).not.toMatch(/<script|[^\P{Cc}\n]|\u202e|\p{Cs}/u);
  expect(page.split("<bdi>").length).toBe(page.split("</bdi>").length);
});

test("an attempt tells what was killed, what it had left running, and what it skipped", () => {
  const page = pageOf(failingScene());
  expect(page).toContain("killed: sh -c ./my-job.sh, worker --daemon");
  expect(page).toContain("left running by the command: worker --daemon");
  expect(page).toContain("failed by itself and was started again 1 time");
  expect(page).toContain("skipped 000002-000002: a pack is damaged");
});

test("the same record gives the same page", () => {
  expect(pageOf(typicalScene())).toBe(pageOf(typicalScene()));
});

test("a page stays small: ten thousand saves are few marks, sixty machines few lines", () => {
  expect(pageOf(manySavesScene()).length).toBeLessThan(120_000);
  expect(pageOf(manyMachinesScene(60)).length).toBeLessThan(400_000);
});

test("no number of a drawing is anything but a number", () => {
  for (const scene of [typicalScene(), hostileScene(), manySavesScene(), manyMachinesScene(60)]) {
    expect(pageOf(scene)).not.toMatch(/="[^"]*(NaN|Infinity|undefined)/);
  }
});
