// Every optimizer of the registry: its keys are the schema's, and it converges just below the limit it declares and diverges just above.
import { describe, expect, test } from "vitest";
import { clipNorm, learningRateAt, optimizerOf, optimizers } from "../../../src/optimizers";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import type { OptimizerSpec, ScheduleSpec } from "../../../src/protocol/experiment";
import { keysAt } from "../../../src/protocol/experimentSchema";
import { meanLimit, sharpnessLimit } from "../../../src/stability/thresholds";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { norm } from "../../../src/util/linalg/vector";
import { Rng } from "../../../src/util/rng";

const kinds = Object.keys(optimizers) as OptimizerSpec["kind"][];

/** The kind with its defaults, as the checker fills them in. */
function specOf(kind: string, change: object = {}): OptimizerSpec {
  const text = JSON.stringify({
    data: { source: "chebyshev" },
    model: { hidden: [2] },
    optimizer: { kind, learningRate: 1, ...change },
  });
  const { points, problems } = checkExperiment(text, "a.basin.json");
  expect(problems).toEqual([]);
  return points[0].experiment.optimizer;
}

const rows = kinds.flatMap((kind) =>
  [{}, ...optimizers[kind].samples].map((change) => [kind, JSON.stringify(change), change] as const),
);

const d = 4;
const hessian = (): Float64Array => {
  const rng = new Rng(5, "quadratic");
  const B = Float64Array.from({ length: d * d }, () => rng.normal());
  return Float64Array.from({ length: d * d }, (_, k) => {
    const [i, j] = [Math.floor(k / d), k % d];
    return Array.from({ length: d }, (_, l) => B[i * d + l] * B[j * d + l]).reduce((a, b) => a + b);
  });
};

describe.each(rows)("%s %s", (kind, _title, change) => {
  const record = optimizerOf(specOf(kind));

  test("has the keys that the schema gives it", () => {
    const keys = keysAt({ optimizer: { kind } }, ["optimizer"]);
    expect(keys.sort()).toEqual(["kind", ...Object.keys(record.spec.properties)].sort());
    const optional = ["schedule", "clip", "labelNoise", "sam"];
    const filled = keys.filter((key) => !optional.includes(key));
    expect(Object.keys(specOf(kind)).sort(), "defaults of this kind alone").toEqual(filled);
  });

  test("on a quadratic, converges just below its declared limit and diverges just above it, P frozen", () => {
    // Frozen: the mean square keeps its starting value to the last bit, because it forgets 1e-15 a step; and after so many
    // steps every bias correction is 1.
    const age = 1e18;
    const frozen = Object.assign(specOf(kind, change), {
      alpha: 1 - 1e-15,
      beta2: 1 - 1e-15,
    }) as OptimizerSpec;
    const slots = record.slots(frozen);
    const H = hessian();
    const square = Float32Array.of(0.5, 2, 1, 4);
    const P = new Float32Array(d).fill(1);
    record.preconditioner?.write(frozen, square, age, P);
    const { weightDecay = 0, ...rest } = record.dynamics(frozen);
    const scaled = H.map(
      (h, k) => (h + (k % (d + 1) === 0 ? weightDecay : 0)) / Math.sqrt(P[Math.floor(k / d)] * P[k % d]),
    );
    const limit = meanLimit(symmetricEigen(scaled, d).values[0], rest);
    const distanceAt = (eta: number): number => {
      const theta = Float32Array.of(1, -1, 0.5, 0.3);
      const state = slots.map((name) =>
        name === record.preconditioner?.slot ? square.slice() : new Float32Array(d),
      );
      for (let t = 0; t < 6000; t++) {
        const gradient = theta.map((_, i) => theta.reduce((s, x, j) => s + H[i * d + j] * x, 0));
        record.update(frozen, { learningRate: eta, theta, gradient, state, count: age });
        if (!(norm(theta) < 1e3)) break;
      }
      return norm(theta);
    };
    expect(distanceAt(0.99 * limit)).toBeLessThan(1e-2);
    expect(distanceAt(1.01 * limit)).not.toBeLessThan(1e2);
  });
});

test("the limit on the learning rate and the limit on the sharpness are the same limit", () => {
  for (const dynamics of [
    { momentum: 0.9, gain: 0.1, decoupledDecay: 0.3 },
    { weightDecay: 0.2 },
    { momentum: 0.5, nesterov: true, weightDecay: 0.2 },
  ]) {
    const learningRate = meanLimit(7, dynamics);
    expect(sharpnessLimit({ ...dynamics, learningRate })).toBeCloseTo(7, 10);
  }
  expect(sharpnessLimit({ learningRate: 0.001, momentum: 0.9, gain: 1 - 0.9 })).toBeCloseTo(38_000, 6);
});

test.each<[ScheduleSpec, [number, number][]]>([
  [
    { kind: "constant", warmup: 4 },
    [
      [0, 0.25],
      [3, 1],
      [4, 1],
      [1e6, 1],
    ],
  ],
  [
    { kind: "cosine", warmup: 10, steps: 110, final: 0.1 },
    [
      [0, 0.1],
      [10, 1],
      [60, 0.55],
      [110, 0.1],
      [5000, 0.1],
    ],
  ],
  [
    { kind: "step", warmup: 0, every: 30, factor: 0.5 },
    [
      [29, 1],
      [30, 0.5],
      [61, 0.25],
    ],
  ],
])("%j is at its marks", (schedule, marks) => {
  const spec = { ...specOf("sgd", { learningRate: 2 }), schedule };
  for (const [step, factor] of marks) expect(learningRateAt(spec, step)).toBeCloseTo(2 * factor, 12);
});

test("clipping leaves short gradients alone and scales long ones to the norm given", () => {
  const short = Float32Array.of(0.3, 0.4);
  clipNorm(short, 1);
  expect([...short]).toEqual([...Float32Array.of(0.3, 0.4)]);
  const long = Float32Array.of(3, 4);
  clipNorm(long, 1);
  expect(norm(long)).toBeCloseTo(1, 5);
  expect(long[1] / long[0]).toBeCloseTo(4 / 3, 6);
});

test("schedules are checked: an end before the warm-up's, a run too short for it, a cosine without end", () => {
  const problems = (schedule: object, stop: object = { steps: 100 }) =>
    checkExperiment(
      JSON.stringify({
        data: { source: "chebyshev" },
        model: { hidden: [2] },
        optimizer: { learningRate: 1, schedule },
        stop,
      }),
      "a.basin.json",
    ).problems.map(({ severity, place }) => [severity, place.key]);
  expect(problems({ kind: "cosine", warmup: 10 })).toEqual([]);
  expect(problems({ kind: "cosine", warmup: 10, steps: 10 })).toEqual([
    ["error", "optimizer.schedule.steps"],
  ]);
  expect(problems({ kind: "cosine" }, { minutes: 1 })).toEqual([["error", "optimizer.schedule"]]);
  expect(problems({ warmup: 100 })).toEqual([["warning", "optimizer.schedule.warmup"]]);
  expect(problems({ kind: "step" })).toEqual([["error", "optimizer.schedule"]]);
});
