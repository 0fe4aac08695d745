// Exports of a real run open in what they are for: TensorBoard's own reader, Python's csv, and a browser without network.
/// <reference lib="dom" />
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath } from "../e2e/workbench";
import { root, seriesOf, temporary } from "../support/runs";
import { tensorboardPath } from "../support/tensorboard";

const cli = join(root, "dist", "cli.js");
const hasBrowser = existsSync(chromiumPath);
if (!hasBrowser)
  console.log(`Skipped what a browser shows of exports: there is no Chromium at ${chromiumPath}.`);
if (!tensorboardPath)
  console.log("Skipped what TensorBoard reads of exports: it is not installed (npm test installs it).");

const experiment = {
  name: "exported η",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 8 },
  model: { kind: "mlp", hidden: [8], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 4 },
  stop: { steps: 60 },
  probes: { sharpness: { every: 5 }, noise: { every: 20 }, generalization: { every: 20 } },
};

let folder: string;
function basin(...args: string[]) {
  return spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8", timeout: 50_000 });
}
const runs = () =>
  readdirSync(join(folder, ".basin", "runs"))
    .filter((id) => !id.startsWith("."))
    .sort();

beforeAll(() => {
  folder = temporary();
  writeFileSync(join(folder, "one.basin.json"), JSON.stringify(experiment));
  for (const rate of [0.05, 0.3])
    expect(basin("run", "one.basin.json", "--set", `optimizer.learningRate=${rate}`).status).toBe(0);
});

/** Exports the first run, or all of them; returns the path. */
function exported(format: string, which: "first" | "all" = "first"): string {
  const out = join(folder, `out-${which}.${format}`);
  const names = which === "all" ? runs() : [runs()[0]];
  const { stdout, stderr, status } = basin("export", ...names, "--format", format, "--out", out);
  expect(stderr).toBe("");
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${out}\n` });
  return out;
}

/** Every scalar that was recorded, as [step, value] by name. */
const recorded = () =>
  [...seriesOf(join(folder, ".basin", "runs", runs()[0])).columns].map(
    ([name, { steps, values }]) => [name, Array.from(steps, (step, i) => [step, values[i]])] as const,
  );

test("Python's csv reads every number of a run back to the last digit", () => {
  const code =
    "import csv, json, sys\nprint(json.dumps(list(csv.DictReader(open(sys.argv[1], newline='', encoding='utf8')))))";
  const { stdout } = spawnSync("python3", ["-c", code, exported("csv")], { encoding: "utf8" });
  const rows = JSON.parse(stdout) as Record<string, string>[];
  for (const [name, points] of recorded())
    expect(
      rows.filter((row) => row[name] !== "").map((row) => [Number(row.step), Number(row[name])]),
      name,
    ).toEqual(points);
});

test.skipIf(!tensorboardPath)(
  "TensorBoard's own reader finds every scalar, its words and the settings",
  () => {
    const code = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0}).Reload()
tags = a.Tags()
scalars = {t: [[e.step, e.value] for e in a.Scalars(t)] for t in tags["scalars"]}
texts = {t: a.Tensors(t)[0].tensor_proto.string_val[0].decode() for t in tags["tensors"]}
about = a.SummaryMetadata("loss/train").summary_description
print(json.dumps({"scalars": scalars, "texts": texts, "about": about}))`;
    const [run] = readdirSync(exported("tensorboard"));
    const path = join(folder, "out-first.tensorboard", run);
    const { stdout, stderr, status } = spawnSync("python3", ["-c", code, path], {
      encoding: "utf8",
      env: { ...process.env, PYTHONPATH: tensorboardPath! },
    });
    expect(status, stderr).toBe(0);
    const read = JSON.parse(stdout.replace(/\bNaN\b/g, "null"));
    for (const [name, points] of recorded())
      expect(read.scalars[name.replace(".", "/")], name).toEqual(
        points.map(([step, value]) => [step, Math.fround(value)]),
      );
    expect(read.texts.settings).toContain('"learningRate": 0.05');
    expect(read.texts.verdict).not.toBe("");
    expect(read.about).toContain("training loss");
  },
);

test("a picture is drawn by the same pixels without a font of the system", () => {
  const png = readFileSync(exported("png"));
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  // Width of the SVG times two.
  expect(png.readUInt32BE(16)).toBe(2 * (28 + 2 * (520 + 28)));
  const again = join(folder, "again.png");
  const { status } = spawnSync(
    process.execPath,
    [cli, "export", runs()[0], "--format", "png", "--out", again],
    { cwd: folder, env: { PATH: process.env.PATH, FONTCONFIG_PATH: "/nowhere", HOME: folder } },
  );
  expect(status).toBe(0);
  expect(readFileSync(again).equals(png)).toBe(true);
  rmSync(again);
});

describe.skipIf(!hasBrowser)("in a browser without network", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
  });
  afterAll(() => browser.close());

  /** Opens an export; every request but for the file itself is refused and told. */
  async function opened(path: string, width: number, colorScheme: "light" | "dark" = "light") {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const wanted: string[] = [];
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.route("**/*", (route) => {
      const url = route.request().url();
      if (url === pathToFileURL(path).href) return route.continue();
      wanted.push(url);
      return route.abort();
    });
    await page.goto(pathToFileURL(path).href);
    return { page, wanted, complaints };
  }

  test.each([
    ["light", 1400],
    ["dark", 1400],
    ["light", 350],
    ["dark", 350],
  ] as const)(
    "the report stands alone, %s at %i px, every word readable and nothing cut off",
    async (theme, width) => {
      for (const which of ["first", "all"] as const) {
        const { page, wanted, complaints } = await opened(exported("html", which), width, theme);
        expect({ wanted, complaints }).toEqual({ wanted: [], complaints: [] });
        expect(await page.locator("svg").count()).toBeGreaterThan(4);
        expect(await page.locator(".verdict").count()).toBe(which === "all" ? 2 : 1);
        // What is wider than the window scrolls in a box of its own.
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        expect(await worstContrast(page)).toBeGreaterThanOrEqual(4.5);
        await page.close();
      }
    },
  );

  test("both pictures show curves in many colours on white", async () => {
    for (const [format, type] of [
      ["svg", "image/svg+xml"],
      ["png", "image/png"],
    ] as const) {
      const bytes = readFileSync(exported(format, "all")).toString("base64");
      const { colors, inked } = await pixelsOf(browser, `data:${type};base64,${bytes}`);
      expect(colors).toBeGreaterThan(10);
      expect(inked).toBeGreaterThan(0.01);
      expect(inked).toBeLessThan(0.5);
    }
  });
});

/** The lowest contrast of any text with its background, by WCAG's formula. */
const worstContrast = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const parts = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (color: string) => {
      const [r, g, b] = parts(color).map((c) => {
        const s = c / 255;
        return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const page = luminance(getComputedStyle(document.body).backgroundColor);
    const words = Array.from(document.querySelectorAll("body *")).filter((element) =>
      Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.textContent!.trim() !== ""),
    );
    const ratios = words.map((element) => {
      const style = getComputedStyle(element);
      const own = luminance(element instanceof SVGElement ? style.fill : style.color);
      return (Math.max(own, page) + 0.05) / (Math.min(own, page) + 0.05);
    });
    return Math.min(...ratios);
  });

/** How many colours a picture has, and what part of it is no background. */
async function pixelsOf(browser: Browser, source: string): Promise<{ colors: number; inked: number }> {
  const page = await browser.newPage();
  const told = await page.evaluate(async (src) => {
    const image = new Image();
    image.src = src;
    await image.decode();
    const [width, height] = [1000, Math.round((1000 * image.height) / image.width)];
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d")!;
    context.drawImage(image, 0, 0, width, height);
    const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    const counts = new Map<number, number>();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    return { colors: counts.size, inked: 1 - Math.max(...counts.values()) / pixels.length };
  }, source);
  await page.close();
  return told;
}
