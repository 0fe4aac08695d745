// Where the charts put their numbers: bins of the spectrum, axes, the map of stability.
import { expect, test } from "vitest";
import type { Verdict } from "../../../src/types/verdict";
import { linearAxis, logAxis } from "../../../webview/charts/frame";
import { linearTicks } from "../../../src/util/linearTicks";
import { explanation } from "../../../webview/charts/explanation";
import { histogram, topAt } from "../../../webview/charts/spectrum";
import { mapOf, stabilityMap } from "../../../webview/charts/stabilityMap";
import type { RunModel } from "../../../webview/store/runModel";
import { recordingContext } from "./canvas";
import { modelOf } from "./models";

const nodes = [
  { value: 3, count: 1 },
  { value: 0.01, count: 90 },
  { value: -0.02, count: 9 },
];

test("the bins of a spectrum hold every eigenvalue once, negative ones below zero", () => {
  for (const limit of [2, 5, 1000, Infinity]) {
    const bins = histogram(nodes, limit);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBeCloseTo(100, 9);
    const negative = bins.filter(({ to }) => to <= 0).reduce((sum, { count }) => sum + count, 0);
    expect(negative).toBeCloseTo(9, 9);
    for (const { from, to, count } of bins)
      expect(count).toBeCloseTo(
        nodes.filter(({ value }) => value >= from && value < to).reduce((sum, node) => sum + node.count, 0),
        9,
      );
  }
});

test("spectra drawn together share their bins, and each keeps its own counts", () => {
  const other = [{ value: 5, count: 7 }];
  const all = [...nodes, ...other];
  const [first, second] = [histogram(nodes, 4, all), histogram(other, 4, all)];
  expect(first.map(({ from }) => from)).toEqual(second.map(({ from }) => from));
  expect(first.reduce((sum, { count }) => sum + count, 0)).toBeCloseTo(100, 9);
  expect(second.filter(({ count }) => count > 0)).toMatchObject([{ count: 7 }]);
});

test("the limit is in sight unless it is far from the data", () => {
  expect(histogram(nodes, 10).at(-1)!.to).toBeGreaterThan(10);
  expect(histogram(nodes, 1000).at(-1)!.to).toBeLessThan(4);
});

test("a spectrum of zeros has a picture", () => {
  const bins = histogram([{ value: 0, count: 5 }], Infinity);
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(5);
});

test("axes place their ends at 0 and 1, a log axis equal ratios at equal distances", () => {
  const linear = linearAxis("x", -2, 6);
  expect([-2, 0, 6, 100].map(linear.place)).toEqual([0, 0.25, 1, 1]);
  const log = logAxis("y", 0.01, 100);
  expect([0, 0.01, 0.1, 1, 100, Infinity].map(log.place).map((x) => Number(x.toFixed(9)))).toEqual([
    0, 0, 0.25, 0.5, 1, 1,
  ]);
  expect(linearTicks(-1, 1)).toEqual([-1, -0.5, 0, 0.5, 1]);
});

/** A run whose verdict maps η* = 0.1·B up to B = 8. */
function mapped(settings: Partial<Verdict["settings"]>, more: Partial<Verdict> = {}): RunModel {
  const verdict = {
    settings: { learningRate: 0.2, batchSize: 4, examples: 8, ...settings },
    limits: { mean: 0.8, variance: null, typical: null, binding: null },
    largestStableLearningRate: 0.4,
    smallestStableBatchSize: 2,
    map: [1, 2, 4, 8].map((batchSize) => ({ batchSize, largestStableLearningRate: batchSize / 10 })),
    ...more,
  } as unknown as Verdict;
  const run = modelOf({ info: {} as never, status: "finished", events: [], verdict });
  return run;
}

test("the map says by how much step and batch may change", () => {
  expect(stabilityMap.describe(mapped({}))).toBe(
    "At B = 4 the step may be 2× larger (η ≤ 0.4); at η = 0.2 a batch of 2 would hold.",
  );
  expect(stabilityMap.describe(mapped({ learningRate: 1.2 }, { smallestStableBatchSize: null }))).toBe(
    "At B = 4 the step must be 3× smaller (η ≤ 0.4); at η = 1.2 no batch size holds.",
  );
  expect(stabilityMap.describe(mapped({ learningRate: 0.41 }, { smallestStableBatchSize: 5 }))).toBe(
    "At B = 4 the step is at its limit (η ≤ 0.4); at η = 0.41 it takes a batch of 5.",
  );
  const limits = { mean: 0.8, variance: null, typical: { value: 0.5, error: 0.01, how: "" }, binding: null };
  expect(stabilityMap.describe(mapped({}, { limits }))).toBe(
    "At B = 4 the step may be 2× larger (η ≤ 0.4); at η = 0.2 a batch of 2 would hold. A typical run comes back up to η = 0.5.",
  );
  expect(mapOf(mapped({ batchSize: "full" }))?.B).toBe(8);
});

test("on the log-log map of η* ∝ B the curve is a straight line, and the run's dot lies below it", () => {
  const run = mapped({});
  const { context, calls } = recordingContext();
  stabilityMap.draw({ context, width: 400, height: 200 }, run, {
    color: (name) => name,
    font: "11px x",
    dark: true,
    contrast: false,
  });
  const curve = calls.filter(({ name }) => name === "lineTo" || name === "moveTo");
  const dot = calls.find(({ name }) => name === "arc")!.args as number[];
  // The filled region comes first: its corner, then the four rows.
  const rows = curve.slice(1, 5).map(({ args }) => args as [number, number]);
  const slopes = [1, 2, 3].map((i) => (rows[i][1] - rows[i - 1][1]) / (rows[i][0] - rows[i - 1][0]));
  for (const slope of slopes) expect(slope).toBeCloseTo(slopes[0], 6);
  expect(dot[0]).toBeCloseTo(rows[2][0], 6);
  expect(dot[1]).toBeGreaterThan(rows[2][1]);
});

test("the typical limit is a dashed line of its own over the batch sizes at which it was measured", () => {
  const map = [1, 2, 4, 8].map((batchSize) => ({
    batchSize,
    largestStableLearningRate: batchSize / 10,
    ...(batchSize < 8 && { typicalLearningRate: batchSize === 2 ? NaN : batchSize / 5 }),
  }));
  const { context, calls } = recordingContext();
  const theme = { color: (name: string) => name, font: "11px x", dark: true, contrast: false };
  stabilityMap.draw({ context, width: 400, height: 200 }, mapped({}, { map }), theme);
  const at = (i: number) => calls[i].args as [number, number];
  const moves = calls.flatMap(({ name }, i) => (name === "moveTo" ? [i] : []));
  // After the filled region and the mean limit: the curve, then the typical limit at B = 1 and 4.
  const [curve, typical] = moves.slice(-4, -2);
  expect(calls.slice(curve, curve + 4).map(({ name }) => name)).toEqual([
    "moveTo",
    "lineTo",
    "lineTo",
    "lineTo",
  ]);
  expect(calls.slice(typical, typical + 3).map(({ name }) => name)).toEqual(["moveTo", "lineTo", "stroke"]);
  expect(
    calls
      .slice(curve, typical)
      .filter(({ name }) => name === "setLineDash")
      .at(-1)!.args,
  ).toEqual([[4, 3]]);
  // Twice the mean-square limit is a doubling of B higher.
  const doubling = at(curve)[1] - at(curve + 1)[1];
  expect(at(typical)[0]).toBeCloseTo(at(curve)[0], 6);
  expect(at(typical)[1]).toBeCloseTo(at(curve)[1] - doubling, 6);
  expect(at(typical + 1)[0]).toBeCloseTo(at(curve + 2)[0], 6);
  expect(at(typical + 1)[1]).toBeCloseTo(at(curve + 2)[1] - doubling, 6);
});

test("a spike's bars are as long as their shares, each half within its room, with values and the ends of long names", () => {
  const told = {
    parameters: [
      { name: "encoder.layers.11.self_attn.out_proj.weight", share: 0.6 },
      { name: "0.bias", share: 0.15 },
    ],
    examples: [
      { example: 7, curvature: 0.2, gradient: -0.4 },
      { example: 49_999, curvature: 0.1, gradient: 0.05 },
    ],
  };
  const { context, calls } = recordingContext();
  const theme = { color: (name: string) => name, font: "11px x", dark: true, contrast: false };
  const run = mapped({}, { explanation: told } as unknown as Partial<Verdict>);
  const width = 320;
  explanation.draw({ context, width, height: 200 }, run, theme);
  const bars = calls
    .filter(({ name }) => name === "fillRect")
    .map(({ args }) => args as [number, number, number, number]);
  const lengths = bars.map(([, , length]) => length);
  expect(lengths[1] / lengths[0]).toBeCloseTo(0.25, 6);
  const [curvature, gradient, ...second] = lengths.slice(2);
  expect(curvature / gradient).toBeCloseTo(0.5, 6);
  expect(second.map((length) => length / gradient)).toEqual([
    expect.closeTo(0.25, 6),
    expect.closeTo(0.125, 6),
  ]);
  const texts = calls
    .filter(({ name }) => name === "fillText")
    .map(({ args }) => args as [text: string, x: number]);
  const said = texts.map(([text]) => text);
  expect(said).toEqual(expect.arrayContaining(["60 %", "15 %", "20, −40 %", "10, 5 %", "49999", "0.bias"]));
  const [long] = said.filter((text) => text.startsWith("…"));
  expect(told.parameters[0].name.endsWith(long.slice(1))).toBe(true);
  // The halves keep apart: a name, its bar and its value.
  const xOf = (text: string) => texts.find(([own]) => own === text)![1];
  const [x, , length] = bars[0];
  expect(xOf(long) + 6 * long.length).toBeLessThan(x);
  expect(x + length).toBeLessThan(xOf("60 %") - 6 * "60 %".length);
  expect(xOf("60 %")).toBeLessThan(width / 2);
  expect(xOf("7")).toBeGreaterThan(width / 2);
});

test("the spectrum marks the top eigenvalues read up to the cursor's step", () => {
  const values = (step: number, eigenvalues: readonly number[]) => ({
    kind: "metrics",
    step,
    time: step,
    values: { eigenvalues },
  });
  const events = [values(0, [3, 1]), values(10, [4, Infinity])];
  const run = modelOf({ info: {} as never, status: "finished", events, verdict: null });
  expect(topAt(run, 9)).toEqual([3, 1]);
  expect(topAt(run, 10)).toEqual([4]);
  expect(topAt(run, -1)).toEqual([]);
});
