// What the page says of another learning rate and batch size: only what the record allows, and what is missing.
import { expect, test } from "vitest";
import { decodeFromPanel } from "../../../src/record/panelMessages";
import type { Verdict } from "../../../src/types/verdict";
import { fixtureRun } from "../../fixtures/writeRun";
import { stabilityMap } from "../../../webview/charts/stabilityMap";
import { batchSizesOf, limitAt, ownSettings, tryOut } from "../../../webview/store/trial";
import type { RunModel } from "../../../webview/store/runModel";
import { modelOf } from "./models";

const reading = (value: number) => ({ value, error: 0, how: "exact" });
const bracket = { lower: 0.2, upper: 0.2, exact: true, rank: 8, fullRank: 8, lastChange: 0 };

/** A run with η = 0.1, B = 4 of 100, judged: η* = 0.2 there, 0.05·B up to B = 8 and 0.4 at n. */
function judged(part: Partial<Verdict> = {}, growth = 0.98): RunModel {
  const { info, events, verdict } = fixtureRun("edge", { steps: 100 });
  return modelOf({
    info,
    events,
    status: "finished",
    verdict: {
      ...verdict!,
      readings: {
        ...verdict!.readings,
        sharpness: reading(5),
        gaussNewtonSharpness: reading(5),
        growth: reading(growth),
      },
      limits: { mean: 0.4, variance: bracket, typical: null, binding: "variance" },
      map: [1, 2, 4, 8, 100].map((batchSize) => ({
        batchSize,
        largestStableLearningRate: Math.min(0.4, 0.05 * batchSize),
      })),
      ...part,
    },
  });
}

test("a trial begins with the run's own settings and offers the batch sizes of the map", () => {
  expect(ownSettings(judged())).toEqual({ learningRate: 0.1, batchSize: 4 });
  expect(batchSizesOf(judged())).toEqual([1, 2, 4, 8, 100]);
});

test("below the limit it holds, above it it leaves between two escape times", () => {
  const run = judged();
  expect(tryOut(run, { learningRate: 0.15, batchSize: 4 })).toMatchObject({
    state: "holds",
    escape: "does not leave",
  });
  const over = tryOut(run, { learningRate: 0.3, batchSize: 4 });
  expect(over.state).toBe("leaves");
  // ρ ≤ 1 + 2·5·0.3·(0.3/0.2 − 1) = 2.5, and from the growth at 0.1 1 + 2·5·0.3·2 = 7: the smaller one counts.
  expect(over.growth).toBe("ρ from 1 to 2.5");
  expect(over.escape).toBe("e-fold in 1.09 steps at the soonest");
});

test("between two batch sizes of the map the limit lies between theirs", () => {
  expect(limitAt(judged(), 3)).toEqual({ lower: 0.1, upper: 0.2 });
  expect(limitAt(judged(), 6)).toEqual({ lower: 0.2, upper: 0.4 });
  expect(tryOut(judged(), { learningRate: 0.15, batchSize: 3 }).state).toBe("undecided");
});

test("a growth that was measured is given back at its own settings", () => {
  const run = judged({ settings: { ...judged().verdict!.settings, learningRate: 0.25 } }, 1.3);
  expect(tryOut(run, { learningRate: 0.25, batchSize: 4 })).toEqual({
    state: "leaves",
    growth: "ρ = 1.3",
    escape: "e-fold in 3.81 steps",
    missing: undefined,
  });
});

test("a limit that fewer directions bound from above alone certifies nothing below", () => {
  const open = { ...bracket, lower: 0, exact: false, rank: 2 };
  const run = judged({ limits: { mean: 0.4, variance: open, typical: null, binding: "variance" } });
  const below = tryOut(run, { learningRate: 0.15, batchSize: 4 });
  expect(below.state).toBe("undecided");
  expect(below.missing).toContain("bracket");
  expect(tryOut(run, { learningRate: 0.3, batchSize: 4 })).toMatchObject({
    state: "leaves",
    growth: "ρ > 1",
  });
});

test("without noise the sharpest direction decides", () => {
  expect(tryOut(judged(), { learningRate: 0.5, batchSize: 100 })).toMatchObject({
    state: "leaves",
    growth: "ρ = 2.25",
  });
  expect(tryOut(judged(), { learningRate: 0.39, batchSize: 100 }).state).toBe("holds");
});

test("what was not measured is said, not guessed", () => {
  const none = judged({ readings: { ...judged().verdict!.readings, gaussNewtonSharpness: null } });
  const said = tryOut(none, { learningRate: 0.3, batchSize: 4 });
  expect(said).toMatchObject({ state: "unknown", growth: "ρ not known" });
  expect(said.missing).toContain("Gauss–Newton sharpness");
  const { info } = judged();
  const optimizer = { ...info.experiment.optimizer, kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const adam = { ...judged(), info: { ...info, experiment: { ...info.experiment, optimizer } } } as RunModel;
  expect(tryOut(adam, { learningRate: 0.3, batchSize: 4 }).missing).toContain("no mean-square limit");
});

test("a drag on the map tries out what lies there", () => {
  const size = { width: 400, height: 200 };
  const run = judged();
  const corner = stabilityMap.pick?.(size, run, { x: -50, y: 1000 });
  expect(corner?.batchSize).toBe(1);
  expect(corner?.learningRate).toBeCloseTo(0.05 / 1.6, 3);
  expect(stabilityMap.pick?.(size, run, { x: 1000, y: -1000 })?.batchSize).toBe(100);
});

test("the host takes a branch with settings that can be, and no other", () => {
  const message = { kind: "branch", run: "r", step: 120, learningRate: 0.2, batchSize: null };
  expect(decodeFromPanel(message)).toEqual(message);
  expect(decodeFromPanel({ ...message, batchSize: 8 })).toEqual({ ...message, batchSize: 8 });
  for (const bad of [
    { step: -1 },
    { step: 1.5 },
    { learningRate: 0 },
    { learningRate: "1" },
    { batchSize: 0 },
  ])
    expect(decodeFromPanel({ ...message, ...bad })).toBeNull();
});
