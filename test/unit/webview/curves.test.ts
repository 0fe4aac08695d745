// What a chart draws of its lines: smoothing, lines switched off, points on a logarithmic axis of steps, styles in high contrast, bands, and the table of a curve.
import { expect, test } from "vitest";
import { decodeFromPanel } from "../../../src/record/panelMessages";
import { Column } from "../../../src/record/column";
import { extremes, stepSplits, valueRange, within } from "../../../webview/charts/axes";
import { wrapped } from "../../../webview/charts/chartImage";
import type { Line, Plan } from "../../../webview/charts/chart";
import {
  bandPoints,
  breakGaps,
  drawnBands,
  drawnLines,
  namedLines,
  pointsOf,
} from "../../../webview/charts/curves";
import { curveTable } from "../../../webview/charts/curveTable";
import { lineStyles } from "../../../webview/charts/lineStyles";
import { drawBand } from "../../../webview/charts/overlays";
import { legendItems, wordsAt } from "../../../webview/charts/readout";
import { smoothed } from "../../../webview/charts/smoothing";
import { recordingContext } from "./canvas";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const columnOf = (values: readonly number[]): Column => Column.of(range(values.length), values);
const line = (label: string, values: readonly number[], more: Partial<Line> = {}): Line => ({
  label,
  column: columnOf(values),
  color: "blue",
  ...more,
});

test("a running mean of a constant is the constant, from its first reading on", () => {
  const mean = smoothed(columnOf([3, 3, 3, 3]), 0.97);
  for (const value of mean.values) expect(value).toBeCloseTo(3, 12);
});

test("a running mean weighs the reading k before by strengthᵏ", () => {
  const values = [1, 5, 2, 8];
  const s = 0.6;
  const weights = values.map((_, i) => s ** (values.length - 1 - i));
  const total = weights.reduce((a, b) => a + b);
  const expected = values.reduce((sum, value, i) => sum + weights[i] * value, 0) / total;
  expect(smoothed(columnOf(values), s).values.at(-1)).toBeCloseTo(expected, 12);
});

test("a running mean never leads across a value that is not finite, and starts anew behind it", () => {
  const mean = smoothed(columnOf([1, 2, NaN, Infinity, 7, 9]), 0.9).values;
  expect([mean[2], mean[3]]).toEqual([NaN, Infinity]);
  expect(mean[4]).toBeCloseTo(7, 12);
});

test("a running mean goes on with its column, and begins again where the column was changed", () => {
  const column = columnOf([1, 2]);
  const first = smoothed(column, 0.9);
  column.add(2, 3);
  expect(smoothed(column, 0.9)).toBe(first);
  expect(first.length).toBe(3);
  column.rewind(1);
  column.add(1, 9);
  const again = smoothed(column, 0.9);
  expect([...again.steps]).toEqual([0, 1]);
  expect(again.values[1]).toBeCloseTo(smoothed(columnOf([1, 9]), 0.9).values[1], 12);
});

const banded: Plan = {
  lines: [
    line("+", [2, 3], { hidden: true, of: "own" }),
    line("−", [0, 1], { hidden: true, of: "own" }),
    line("own", [1, 2], { width: 1.8 }),
    line("limit", [5, 5], { dash: [5, 4] }),
    line("nothing", []),
  ],
  bands: [{ upper: 0, lower: 1, color: "blue", opacity: 0.2 }],
};

test("a line that is switched off takes its band with it; the legend still names it", () => {
  expect(drawnLines(banded, 0, []).map(({ label }) => label)).toEqual(["own", "limit"]);
  expect(drawnBands(banded, []).length).toBe(1);
  expect(drawnLines(banded, 0, ["own"]).map(({ label }) => label)).toEqual(["limit"]);
  expect(drawnBands(banded, ["own"])).toEqual([]);
  expect(namedLines(banded).map(({ label }) => label)).toEqual(["own", "limit"]);
});

test("smoothed, the raw curve stays behind its mean, and a limit is no reading", () => {
  const drawn = drawnLines(banded, 0.9, []);
  expect(drawn.map(({ label, raw }) => [label, raw === true])).toEqual([
    ["own", true],
    ["own", false],
    ["limit", false],
  ]);
  expect(drawn[0].column).toBe(banded.lines[2].column);
  expect(drawn[0].opacity).toBeLessThan(0.5);
});

test("on a logarithmic axis of steps the first steps keep their points, ascending, the ends included", () => {
  const column = columnOf(range(100_000).map((i) => Math.sin(i)));
  const linear = pointsOf(column, { pixels: 300, logSteps: false });
  const log = pointsOf(column, { pixels: 300, logSteps: true });
  const early = (view: { readonly steps: ArrayLike<number> }) =>
    Array.from(view.steps).filter((step) => step < 100).length;
  expect(early(linear)).toBeLessThan(5);
  expect(early(log)).toBeGreaterThan(60);
  const steps = Array.from(log.steps);
  expect([steps[0], steps.at(-1)]).toEqual([0, 99_999]);
  expect(steps.every((step, i) => i === 0 || step > steps[i - 1])).toBe(true);
  expect(steps.length).toBeLessThan(1300);
});

test("the axis of steps has 0 and powers of ten when logarithmic", () => {
  expect(stepSplits(0, 5000)).toEqual([0, 1, 10, 100, 1000]);
  expect(stepSplits(0, 6)).toEqual([0, 2, 4, 6]);
  expect(stepSplits(20, 5000)[0]).toBeGreaterThanOrEqual(20);
});

test("zooming out shows all; panning stops at the ends and keeps its size", () => {
  expect(within([0, 100], -5, 200, false)).toBeUndefined();
  expect(within([0, 100], 90, 130, false)).toEqual([60, 100]);
  expect(within([0, 100], 40, 40.2, false)).toEqual([40, 41]);
  expect(within([0, 100], -1, 50, true)).toEqual([0, 50]);
  expect(within([0, 100], 99.8, 99.9, true)).toEqual([99, 100]);
  expect(within([0, 100], -1, 101, true)).toBeUndefined();
});

test("a logarithmic axis of values leaves out what is not positive and has a range for nothing", () => {
  const options = { limits: [], log: true, core: [-Infinity, Infinity] as const };
  const [low, high] = valueRange([-3, 0.5, 200], options);
  expect(low).toBeGreaterThan(0.1);
  expect(high).toBeGreaterThan(200);
  expect(valueRange([-3, 0, null], options)).toEqual([0.1, 1]);
});

test("in high contrast no two lines of a chart look the same, and dashes alone tell six apart", () => {
  const lines = range(9).map((i) => line(`l${i}`, [1], { color: i % 2 ? "orange" : "purple", opacity: 0.3 }));
  const styles = lineStyles(lines, { contrast: true });
  expect(new Set(styles.map(({ color, dash }) => `${color} ${dash.join()}`)).size).toBe(9);
  expect(new Set(styles.slice(0, 6).map(({ color }) => color)).size).toBe(6);
  expect(new Set(styles.slice(0, 6).map(({ dash }) => dash.join())).size).toBe(6);
  expect(styles.every(({ opacity }) => opacity === 1)).toBe(true);
  const main = line("main", [1], { color: "blue", width: 1.8 });
  expect(lineStyles([line("thin", [1], { color: "blue", width: 1 }), main], { contrast: true })[1]).toEqual({
    color: "blue",
    dash: [],
    opacity: 1,
  });
  expect(lineStyles(lines, { contrast: false })[1]).toEqual({ color: "orange", dash: [], opacity: 0.3 });
});

test("a band ends where an edge is not finite, and a band thinner than a line is not filled", () => {
  const shape = (high: readonly number[], low: readonly number[]) => ({
    color: "blue" as const,
    opacity: 0.2,
    ...bandPoints(columnOf(high), columnOf(low)),
  });
  const theme = { color: (name: string) => name, font: "11px x", dark: true, contrast: false };
  const drawn = (band: ReturnType<typeof shape>) => {
    const { context, calls } = recordingContext();
    const bbox = { left: 0, top: 0, width: 100, height: 100 };
    drawBand({ ctx: context, bbox, valToPos: (value) => 10 * value }, band, theme);
    return calls.map(({ name }) => name);
  };
  const whole = drawn(shape([3, 3, 3, 3, 3], [1, 1, 1, 1, 1]));
  expect(whole.filter((name) => name === "closePath").length).toBe(1);
  const broken = drawn(shape([3, 3, NaN, 3, 3], [1, 1, 1, 1, 1]));
  expect(broken.filter((name) => name === "closePath").length).toBe(2);
  expect(drawn(shape([3, 3], [2.99, 2.99]))).toEqual([]);
});

test("the table of a curve has its extremes within the steps in sight, and a gap where a line was not read", () => {
  const sparse: Line = { label: "sparse", column: Column.of([0, 500, 999], [1, 2, 3]), color: "red" };
  const values = range(1000).map((i) => (i === 321 ? 50 : i % 7));
  const plan: Plan = { lines: [line("dense", values, { width: 2 }), sparse] };
  const { headings, rows } = curveTable(plan, undefined, []);
  expect(headings).toEqual(["step", "dense", "sparse"]);
  expect(rows.find(([step]) => step === "321")).toEqual(["321", "50", ""]);
  expect(rows.length).toBeLessThan(60);
  const part = curveTable(plan, { from: 100, to: 300 }, ["sparse"]);
  expect(part.headings).toEqual(["step", "dense"]);
  for (const [step] of part.rows) {
    expect(Number(step)).toBeGreaterThanOrEqual(100);
    expect(Number(step)).toBeLessThanOrEqual(300);
  }
});

test("the legend of a picture stays within its width", () => {
  const width = (text: string): number => 10 * text.length;
  const rows = wrapped([{ text: "a few words in a sentence", color: "red" }], width, 120);
  expect(rows.length).toBeGreaterThan(1);
  for (const placed of rows.flat()) expect(placed.x + width(placed.text)).toBeLessThanOrEqual(120);
  expect(
    rows
      .flat()
      .map(({ text }) => text)
      .join(" "),
  ).toBe("a few words in a sentence");
});

test("the host takes a picture that is one, and nothing else", () => {
  const png = "iVBORw0KGgoAAAANSUhEUg==";
  const message = { kind: "saveImage", run: "r", name: "x.png", png };
  expect(decodeFromPanel(message)).toEqual(message);
  for (const bad of ["", "PHN2Zz4=", `${png}\n<`, 7])
    expect(decodeFromPanel({ ...message, png: bad })).toBeNull();
  expect(decodeFromPanel({ ...message, name: "x".repeat(1000) })).toBeNull();
});

test("what is not finite, and on a logarithmic axis what is not positive, breaks a line; a step without a reading does not", () => {
  const row = [1, undefined, NaN, 0, -2, Infinity, 3];
  const linear: (number | null | undefined)[] = [...row];
  breakGaps(linear, false);
  expect(linear).toEqual([1, undefined, null, 0, -2, null, 3]);
  const log: (number | null | undefined)[] = [...row];
  breakGaps(log, true);
  expect(log).toEqual([1, undefined, null, null, null, null, 3]);
  expect(extremes([2, NaN, -Infinity, 5])).toEqual([2, 5]);
});

test("the legend says each reading up to a point, smoothed or not, and nothing of a line that is off", () => {
  const theme = { color: (name: string) => name, font: "11px x", dark: true, contrast: false };
  const at = (smoothing: number, off: readonly string[], index: number) => {
    const lines = drawnLines(banded, smoothing, off);
    const rows = lines.map(({ column }) => [column.values[0], undefined, column.values[1]]);
    const drawn = { plan: banded, lines, styles: lineStyles(lines, theme), rows };
    return {
      words: wordsAt(drawn, index),
      items: legendItems(drawn, index, { theme, off }).map(({ label, value, on }) => [label, value, on]),
    };
  };
  expect(at(0, [], 1).words).toBe("own 1, limit 5");
  // The reading, and not the mean of 1 and 2.
  expect(at(0.9, [], 2).words).toBe("own 2, limit 5");
  expect(at(0, ["own"], 2)).toEqual({
    words: "limit 5",
    items: [
      ["own", "", false],
      ["limit", "5", true],
    ],
  });
});
