// What the page of a sweep's map draws over its cells and says in them.
import { expect, test } from "vitest";
import type { SweepCell, SweepMap } from "../../../src/record/sweepMap";
import { sentenceOf, toneOf, wordsOf } from "../../../webview/sweepMap/cellWords";
import { limitMarks } from "../../../webview/sweepMap/limits";

const empty: SweepCell = {
  x: 0,
  y: 0,
  run: null,
  runs: 0,
  status: null,
  step: 0,
  verdict: null,
  beyond: false,
  sharpness: null,
  gap: null,
  limits: { mean: null, meanSquare: null, typical: null },
};
const judged: SweepCell = {
  ...empty,
  run: "/r",
  runs: 2,
  status: "finished",
  verdict: { verdict: "stable", typical: null },
  sharpness: 4,
  limits: { mean: 0.2, meanSquare: 0.1, typical: 3.2 },
};
const rate = { key: "optimizer.learningRate", values: ["0.1", "0.4"] };
const batch = { key: "optimizer.batchSize", values: ["4", '"full"'] };
const map: SweepMap = {
  keys: [rate.key, batch.key],
  x: batch,
  y: rate,
  cells: [judged, { ...empty, x: 1 }, { ...empty, y: 1 }, { ...empty, x: 1, y: 1 }],
};

test("a run's limits are level marks in its own column, at their learning rate or at the rim beyond it", () => {
  const [mean, meanSquare, typical, ...others] = limitMarks(map);
  expect(others).toEqual([]);
  // 0.2 is halfway from 0.1, the middle of the lower row, to 0.4, that of the upper one.
  expect(mean).toMatchObject({ kind: "mean", level: true, outside: false });
  expect(mean.top).toBeCloseTo(0.5, 12);
  expect(meanSquare).toMatchObject({ kind: "meanSquare", outside: false });
  expect(meanSquare.top).toBeCloseTo(0.75, 12);
  expect(typical).toMatchObject({ kind: "typical", outside: true, top: 0 });
  for (const { left, length } of [mean, meanSquare, typical]) {
    expect(left).toBeGreaterThan(0);
    expect(left + length).toBeLessThan(0.5);
  }
});

test("where the learning rate goes across the marks are upright, and without it there are none", () => {
  const strip: SweepMap = { keys: [rate.key], x: rate, y: null, cells: [judged, { ...empty, x: 1 }] };
  const [mean] = limitMarks(strip);
  expect(mean.level).toBe(false);
  expect(mean.left).toBeCloseTo(0.5, 12);
  expect(limitMarks({ ...strip, x: batch })).toEqual([]);
});

test("every state of a point has a sign and words of its own, and a sentence that says all of it", () => {
  expect(wordsOf(judged, "verdict", true)).toEqual(["✓", "stable"]);
  expect(wordsOf(judged, "sharpness", true)).toEqual(["✓", "4"]);
  expect(wordsOf(judged, "gap", true)).toEqual(["✓", "–"]);
  expect(wordsOf(empty, "verdict", true)).toEqual(["+", "run"]);
  expect(wordsOf(empty, "verdict", false)).toEqual(["", ""]);
  const bursts: SweepCell = { ...judged, verdict: { verdict: "unstable-variance", typical: "stays" } };
  expect(wordsOf(bursts, "verdict", true)).toEqual(["!", "spikes"]);
  const live: SweepCell = { ...judged, verdict: null, status: "running", step: 1200, beyond: true };
  expect(wordsOf(live, "verdict", true)).toEqual(["!", "1,200"]);
  expect(toneOf(live)).toBe("live");
  expect(sentenceOf(judged, map, true)).toBe(
    "batch size B 4, learning rate η 0.1: Stable; sharpness 4; mean limit 0.2; mean-square limit 0.1; typical limit 3.2; the newest of 2 runs. Opens its run.",
  );
  expect(
    sentenceOf({ ...judged, verdict: { verdict: "unstable-variance", typical: "leaves" } }, map, true),
  ).toContain("0.1: too noisy. Unstable: gradient noise too large for the batch size; ");
  expect(sentenceOf({ ...empty, x: 1 }, map, true)).toBe(
    "batch size B full, learning rate η 0.1: no run yet. Runs it.",
  );
});
