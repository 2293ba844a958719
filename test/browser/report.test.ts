import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type Page, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { htmlReport } from "../../src/simulator/report/index.ts";
import {
  calmScene,
  hostileScene,
  manySavesScene,
  nothingScene,
  standbyScene,
  tinyScene,
} from "../../src/simulator/report/odd-scenes.fixture.ts";
import { failingScene, manyMachinesScene } from "../../src/simulator/report/hard-scenes.fixture.ts";
import { type Scene } from "../../src/simulator/report/pieces.fixture.ts";
import { typicalScene, zombieScene } from "../../src/simulator/report/scenes.fixture.ts";
import {
  ACTIVE_PARTS,
  FOLDED_AWAY,
  LOW_CONTRAST,
  MISPLACED_TEXTS,
  OPEN_DETAILS,
  OVERFLOW,
  PICTURE_TEXTS,
  VERDICT_PLACE,
} from "./page-probes.ts";

// The page of a rehearsal in a real browser, without a network.

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const QUIET = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const SCENES: Readonly<Record<string, () => Scene>> = {
  "typical, with a comparison": typicalScene,
  "not spot-proof": failingScene,
  zombie: zombieScene,
  "7 machines": () => manyMachinesScene(7),
  "40 machines": () => manyMachinesScene(40),
  "60 machines": () => manyMachinesScene(60),
  calm: calmScene,
  "two machines at once": standbyScene,
  hostile: hostileScene,
  "10,000 saves": manySavesScene,
  tiny: tinyScene,
  "no machine at all": nothingScene,
};
const WINDOWS = [
  { width: 1280, height: 900, colorScheme: "light" },
  { width: 1280, height: 900, colorScheme: "dark" },
  { width: 700, height: 900, colorScheme: "light" },
  { width: 400, height: 800, colorScheme: "light" },
  { width: 400, height: 800, colorScheme: "dark" },
] as const;

interface Seen {
  readonly page: Page;
  /** What the browser complained of: errors of the console, violations of the policy, dialogs. */
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

describe.skipIf(!existsSync(CHROMIUM))(`the page of a rehearsal (needs Chromium: ${CHROMIUM})`, () => {
  let browser: Browser;
  let folder: string;
  /** One tab for each kind of window: a new one takes as long as a look. */
  const tabs = new Map<string, Promise<Page>>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "spotproof-page-"));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function look(
    scene: () => Scene,
    window: (typeof WINDOWS)[number],
    judge: (seen: Seen) => Promise<void>,
  ): Promise<void> {
    const { record, verdict } = scene();
    const file = join(folder, `report-${randomUUID()}.html`);
    writeFileSync(file, htmlReport(record, verdict));
    const page = await tab(window);
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => void complaints.push(message.text()));
    page.on("pageerror", (error) => void complaints.push(error.message));
    page.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => void requests.push(request.url()));
    try {
      await page.goto(pathToFileURL(file).href);
      await judge({ page, complaints, requests });
    } finally {
      for (const event of ["console", "pageerror", "dialog", "request"] as const)
        page.removeAllListeners(event);
      await page.emulateMedia({ media: null, colorScheme: window.colorScheme });
    }
  }

  function tab({ width, height, colorScheme }: (typeof WINDOWS)[number]): Promise<Page> {
    const key = `${width} ${height} ${colorScheme}`;
    const open = async (): Promise<Page> => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, offline: true });
      return context.newPage();
    };
    const opened = tabs.get(key) ?? open();
    tabs.set(key, opened);
    return opened;
  }

  const looks = Object.entries(SCENES).flatMap(([name, scene]) =>
    WINDOWS.map((window) => ({ name, scene, window, ...window })),
  );

  test.each(looks)(
    "$name, $colorScheme, $width pixels: it can be read, and needs nothing else",
    async ({ scene, window }) => {
      await look(scene, window, async ({ page, complaints, requests }) => {
        const place = await page.evaluate<{
          readonly top: number;
          readonly bottom: number;
          readonly right: number;
          readonly window: number;
          readonly width: number;
        }>(VERDICT_PLACE);
        expect(place.top).toBeGreaterThanOrEqual(0);
        expect(place.bottom).toBeLessThan(place.window / 2);
        expect(place.right).toBeLessThanOrEqual(place.width);
        expect(await page.evaluate(ACTIVE_PARTS)).toEqual([]);
        expect(await page.evaluate(PICTURE_TEXTS)).toEqual([expect.any(Number)]);
        expect(await page.evaluate(MISPLACED_TEXTS)).toEqual([]);
        await page.evaluate(OPEN_DETAILS);
        expect(await page.evaluate(OVERFLOW)).toEqual([]);
        expect(await page.evaluate(LOW_CONTRAST)).toEqual([]);
        expect(complaints).toEqual([]);
        expect(requests).toEqual([page.url()]);
      });
    },
  );

  test("its policy lets no script run and nothing load, whatever a later hand puts into the page", async () => {
    await look(typicalScene, WINDOWS[0], async ({ page, complaints }) => {
      await page.evaluate(
        `document.body.insertAdjacentHTML("beforeend", '<img src="file:///etc/hostname" onerror="document.title=1">'); const made = document.createElement("script"); made.textContent = "document.title = 'ran'"; document.body.append(made);`,
      );
      expect(await page.title()).toMatch(/^SPOT-PROOF/);
      for (const kind of ["img-src", "script-src"]) {
        await expect
          .poll(() => complaints.some((words) => words.includes(`'${kind}' was not explicitly set`)))
          .toBe(true);
      }
    });
  });

  test("on paper it is light, as wide as the paper, and nothing stays folded", async () => {
    await look(typicalScene, { width: 700, height: 900, colorScheme: "light" }, async ({ page }) => {
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
        "rgb(255, 255, 255)",
      );
      expect(await page.evaluate(OVERFLOW)).toEqual([]);
      expect(await page.evaluate(LOW_CONTRAST)).toEqual([]);
      expect(await page.evaluate(FOLDED_AWAY)).toEqual([]);
      expect((await page.pdf({ format: "A4" })).subarray(0, 5).toString()).toBe("%PDF-");
    });
  });

  test("a screen reader hears what the picture shows, and every table has headings", async () => {
    await look(typicalScene, WINDOWS[3], async ({ page }) => {
      const picture = page.getByRole("img", { name: "Timeline of the rehearsal" });
      expect(await picture.count()).toBe(1);
      expect(await picture.locator("desc").textContent()).toMatch(
        /^4 interruptions\. with Spotproof: 4 machines and 13 saves, finished after .*as written: .*, not spot-proof\./,
      );
      await page.evaluate(OPEN_DETAILS);
      for (const table of await page.getByRole("table").all()) {
        expect(await table.getByRole("columnheader").count()).toBeGreaterThan(1);
        expect(await table.getByRole("rowheader").count()).toBeGreaterThan(0);
      }
    });
  });
});
