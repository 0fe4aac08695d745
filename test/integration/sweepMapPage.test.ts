// The page of a sweep's map in a browser, as the host feeds it: deltas, keys, a drag, and what axe sees in four kinds of theme.
/// <reference lib="dom" />
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AxeResults } from "axe-core";
import type { VerdictKind } from "../../src/types/verdict";
import { palettes, type PaletteName } from "../../src/record/export/palettes";
import type { SweepCell, SweepMap } from "../../src/record/sweepMap";
import { chromiumPath } from "../e2e/workbench";
import { root } from "../support/runs";

const hasBrowser = existsSync(chromiumPath);
if (!hasBrowser) console.log(`Skipped the page of a sweep's map: there is no Chromium at ${chromiumPath}.`);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const dist = (name: string): string => readFileSync(join(root, "dist", "webview", name), "utf8");

const rates = ["0.1", "0.2", "0.8"];
const batches = ["4", '"full"'];
const as = (verdict: VerdictKind) => ({ verdict, typical: null });
const leaves = { verdict: "unstable-variance", typical: "leaves" } as const;
const cellAt = (x: number, y: number): SweepCell => ({
  x,
  y,
  run: y === 2 ? null : `/runs/${x}${y}`,
  runs: y === 2 ? 0 : 1,
  status: y === 2 ? null : "finished",
  step: 100,
  verdict: y === 2 ? null : x === 0 && y === 1 ? leaves : y === 1 ? as("edge") : as("stable"),
  beyond: false,
  sharpness: y === 2 ? null : 4 + x,
  gap: null,
  limits: { mean: y === 2 ? null : 0.4, meanSquare: y === 2 ? null : 0.15, typical: y === 2 ? null : 0.28 },
});
const map: SweepMap = {
  keys: ["optimizer.learningRate", "optimizer.batchSize"],
  x: { key: "optimizer.batchSize", values: batches },
  y: { key: "optimizer.learningRate", values: rates },
  cells: rates.flatMap((_, y) => batches.map((__, x) => cellAt(x, y))),
};

/** The colours of VS Code's own themes that the page names, as far as they are not Basin's palettes. */
const looks: Readonly<Record<PaletteName, readonly [className: string, text: string, page: string]>> = {
  light: ["vscode-light", "#3b3b3b", "#ffffff"],
  dark: ["vscode-dark", "#cccccc", "#1f1f1f"],
  contrast: ["vscode-high-contrast", "#ffffff", "#000000"],
  contrastLight: ["vscode-high-contrast vscode-high-contrast-light", "#292929", "#ffffff"],
};

describe.skipIf(!hasBrowser)("the page of a sweep's map", () => {
  let browser: Browser;
  const pages: Page[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
  });
  afterAll(() => browser.close());

  async function open(look: PaletteName = "dark", width = 1400): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    pages.push(page);
    const [className, text, background] = looks[look];
    const { green, red, yellow, blue, purple, orange } = palettes[look];
    const charts = Object.entries({ green, red, yellow, blue, purple, orange }).map(
      ([name, c]) => `--vscode-charts-${name}:${c}`,
    );
    const names = ["foreground", "descriptionForeground", "input-foreground", "button-secondaryForeground"];
    const grounds = ["editor-background", "input-background", "button-secondaryBackground"];
    const own = [
      ...names.map((name) => `--vscode-${name}:${text}`),
      ...grounds.map((name) => `--vscode-${name}:${background}`),
    ];
    const style = `:root{${[...charts, ...own].join(";")}}body{background:${background}}${dist("sweepMap.css")}`;
    await page.setContent(
      `<html lang="en"><head><title>map</title><style>${style}</style></head><body class="${className}"><main id="basin" data-file="file%3A%2F%2F%2Fw%2Fa.basin.json"></main></body></html>`,
    );
    await page.evaluate(
      "window.sent = []; window.acquireVsCodeApi = () => ({ postMessage: (m) => window.sent.push(m), setState: (s) => (window.kept = s) })",
    );
    await page.addScriptTag({ content: dist("sweepMap.js") });
    await tell(page, { kind: "map", map, name: "swept", mayRun: true });
    await page.locator(".cell").nth(5).waitFor();
    return page;
  }
  const tell = (page: Page, message: object) => page.evaluate((told) => window.postMessage(told), message);
  const sent = (page: Page): Promise<object[]> => page.evaluate("window.sent");

  test("it says that it is ready, keeps its file for a reload, and draws a delta without touching the other cells", async () => {
    const page = await open();
    expect(await sent(page)).toEqual([{ kind: "ready" }]);
    expect(await page.evaluate("window.kept")).toEqual({ file: "file:///w/a.basin.json" });
    await page.evaluate("document.querySelectorAll('.cell').forEach((cell) => (cell.seen = true))");
    const live = { ...cellAt(0, 2), run: "/runs/02", runs: 1, status: "running", step: 1234 };
    await tell(page, { kind: "cells", cells: [live] });
    await page.locator('.cell.live[aria-label*="training, step 1,234"]').waitFor();
    expect(await page.evaluate("[...document.querySelectorAll('.cell')].every((cell) => cell.seen)")).toBe(
      true,
    );
    await tell(page, { kind: "none", why: "The file has no sweep." });
    await page.getByText("The file has no sweep.").waitFor();
    expect(await page.locator(".cell").first().isVisible()).toBe(false);
  });

  test("rows go up with the learning rate, and a run's limits lie in its column at their height", async () => {
    const page = await open();
    const box = async (selector: string) => (await page.locator(selector).first().boundingBox())!;
    const low = await box('[aria-label^="batch size B 4, learning rate η 0.1:"]');
    const high = await box('[aria-label^="batch size B 4, learning rate η 0.8:"]');
    expect(high.y).toBeLessThan(low.y);
    const middle = await box('[aria-label^="batch size B 4, learning rate η 0.2:"]');
    const mark = await box('.mark.mean[data-cell="0 0"]');
    // 0.4 is halfway between 0.2 and 0.8.
    expect(mark.y + 1).toBeCloseTo((middle.y + middle.height / 2 + high.y + high.height / 2) / 2, -0.7);
    expect(mark.x).toBeGreaterThan(low.x);
    expect(mark.x + mark.width).toBeLessThan(low.x + low.width);
    // 0.15, 0.28 and 0.4 from the bottom up.
    const [meanSquare, typical] = [
      await box('.mark.meanSquare[data-cell="0 0"]'),
      await box('.mark.typical[data-cell="0 0"]'),
    ];
    expect(meanSquare.y).toBeGreaterThan(typical.y);
    expect(typical.y).toBeGreaterThan(mark.y);
    await page.getByLabel("Predicted limits").uncheck();
    expect(await page.locator(".mark").first().isVisible()).toBe(false);
  });

  test("arrow keys move through the grid, Enter opens, a typed and a dragged value are asked for", async () => {
    const page = await open();
    await page.locator(".cell").first().focus();
    for (const key of ["End", "ArrowDown", "ArrowDown", "ArrowDown", "Home"]) await page.keyboard.press(key);
    expect(await page.locator(".cell:focus").getAttribute("aria-label")).toMatch(
      /^batch size B 4, learning rate η 0.1: Stable/,
    );
    await page.keyboard.press("Enter");
    await page.getByLabel("Value to add").fill("0.3");
    await page.keyboard.press("Enter");
    const [top, next] = [page.locator(".up .handle").nth(0), page.locator(".up .handle").nth(1)];
    const [a, b] = [(await top.boundingBox())!, (await next.boundingBox())!];
    await page.mouse.move(a.x + 5, a.y + a.height / 2);
    await page.mouse.down();
    await page.mouse.move(a.x + 5, a.y + 20);
    await page.mouse.move(a.x + 5, (a.y + b.y) / 2 + a.height / 2);
    expect(await page.locator(".ghost").innerText()).toBe("0.4");
    await page.mouse.up();
    expect((await sent(page)).slice(1)).toEqual([
      { kind: "cell", x: 0, y: 0 },
      { kind: "add", key: "optimizer.learningRate", typed: "0.3" },
      { kind: "add", key: "optimizer.learningRate", typed: "0.4" },
    ]);
    // A press that is no drag proposes a value and sends nothing.
    await next.click();
    expect(await page.getByLabel("Value to add").inputValue()).toBe("0.4");
    expect(await sent(page)).toHaveLength(4);
  });

  test.each(
    Object.keys(looks).flatMap((look) => [350, 1400].map((width) => [look as PaletteName, width] as const)),
  )("axe finds nothing serious, %s at %i px, and nothing is cut off", async (look, width) => {
    const page = await open(look, width);
    for (const shown of ["verdict", "sharpness"]) {
      await page.locator(`input[value="${shown}"]`).check();
      await page.evaluate(axe);
      const { violations }: AxeResults = await page.evaluate("axe.run(document)");
      expect(
        violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id),
      ).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
});
