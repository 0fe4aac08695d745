// Sharpness-aware minimization against float64 by hand: its steps, the sharpness at which it swings, and what a run says of it.
import { describe, expect, test } from "vitest";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { sharpnessLimit, meanLimit } from "../../../src/stability/thresholds";
import { Problem } from "../../../src/trainers/basin/problem";
import { Stepper } from "../../../src/trainers/basin/stepper";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Rng } from "../../../src/util/rng";
import { gradientOf, start, tanhNet, type TanhNet } from "../../support/tanhNet";

const norm = (v: Float64Array): number => Math.hypot(...v);

interface Settings {
  readonly learningRate: number;
  readonly radius: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

/** One step by the definition, in place; returns ‖∇L(θ)‖. */
function samStep(
  slope: (theta: Float64Array) => Float64Array,
  theta: Float64Array,
  velocity: Float64Array,
  { learningRate, radius, momentum = 0, nesterov = false, weightDecay = 0 }: Settings,
): number {
  const g = slope(theta);
  const length = norm(g);
  const up = slope(theta.map((x, i) => x + (radius * g[i]) / length));
  for (let i = 0; i < theta.length; i++) {
    const own = up[i] + weightDecay * theta[i];
    velocity[i] = momentum * velocity[i] + own;
    theta[i] -= learningRate * (nesterov ? own + momentum * velocity[i] : velocity[i]);
  }
  return length;
}

const n = 12;
const hidden = 6;

async function problemOf(optimizer: object, rest: object = {}): Promise<Problem> {
  const text = JSON.stringify({
    data: { source: "chebyshev", degree: 3, examples: n },
    model: { hidden: [hidden], activation: "tanh" },
    optimizer: { learningRate: 0.1, ...optimizer },
    ...rest,
  });
  const { problems, points } = checkExperiment(text, "a.basin.json");
  expect(problems).toEqual([]);
  return Problem.load(points[0].experiment, "a.basin.json", await openEngine("auto"));
}

const float64 = (x: Float32Array): Float64Array => Float64Array.from(x);
const netOf = ({ data }: Problem): { net: TanhNet; y: Float64Array } => ({
  net: tanhNet(float64(data.train.x), 1, hidden),
  y: float64(data.train.y),
});

describe.each([[{}], [{ momentum: 0.9 }], [{ momentum: 0.8, nesterov: true, weightDecay: 0.01 }]] as const)(
  "%j",
  (own) => {
    test("the steps are those of the definition in float64", async () => {
      const settings = { learningRate: 0.03, radius: 0.1, ...own };
      const problem = await problemOf({ ...own, learningRate: 0.03, sam: { radius: 0.1 } });
      const { net, y } = netOf(problem);
      const theta = await problem.start();
      const [ours, plain] = [float64(theta), float64(theta)];
      const [velocity, plainVelocity] = [new Float64Array(theta.length), new Float64Array(theta.length)];
      const stepper = await Stepper.make(problem, theta, null);
      const slope = (at: Float64Array): Float64Array => gradientOf(net, y, at);
      // Later on it bounces over a slope that nearly vanishes, and every rounding is magnified.
      let first = 0;
      for (let t = 0; t < 60; t++) {
        await stepper.computeGradient(t);
        const here = samStep(slope, ours, velocity, settings);
        // The gradient that is told, and that readings rest on, is the one at θ.
        first ||= here;
        expect(Math.abs(norm(float64(stepper.gradient)) - here)).toBeLessThan(1e-5 * first);
        stepper.step(t);
        samStep(slope, plain, plainVelocity, { ...settings, radius: 1e-12 });
      }
      const apart = (other: Float64Array): number => norm(ours.map((x, i) => x - other[i]));
      expect(apart(float64(theta))).toBeLessThan(1e-5 * norm(ours));
      expect(apart(plain), "the radius matters").toBeGreaterThan(1e-3 * norm(ours));
    });

    test("on a parabola it swings where the sharpness is its limit at that slope, and leaves beyond the limit of plain steps", () => {
      const curvatures = Float64Array.of(10, 6, 1, 0.2);
      const slope = (x: Float64Array): Float64Array => x.map((one, i) => one * curvatures[i]);
      const most = meanLimit(10, own);
      const lengthAfter = (settings: Settings): number => {
        const x = Float64Array.of(1, -2, 0.5, 1);
        const velocity = new Float64Array(4);
        let length = 0;
        for (let t = 0; t < 20_000 && length < 1e6; t++) length = samStep(slope, x, velocity, settings);
        return length;
      };
      for (const share of [0.8, 0.95]) {
        const settings = { learningRate: share * most, radius: 0.05, ...own };
        const gradNorm = lengthAfter(settings);
        expect(Math.abs(sharpnessLimit({ ...settings, gradNorm }) / 10 - 1)).toBeLessThan(1e-3);
        expect(Math.abs(meanLimit(10, { ...settings, gradNorm }) / settings.learningRate - 1)).toBeLessThan(
          1e-3,
        );
      }
      expect(lengthAfter({ learningRate: 1.02 * most, radius: 0.05, ...own })).toBeGreaterThan(1e6);
    });
  },
);

test("training in float64 sharpens until its own limit and stays about it, far below that of plain steps", async () => {
  const problem = await problemOf({}, { seed: 3 });
  const { net, y } = netOf(problem);
  const theta = start(net, 3);
  const settings = { learningRate: 0.3, radius: 0.05 };
  const slope = (at: Float64Array): Float64Array => gradientOf(net, y, at);
  const velocity = new Float64Array(net.P);
  const shares: number[] = [];
  let sharpest = 0;
  for (let t = 0; t < 6000; t++) {
    if (t >= 4000 && t % 50 === 0) {
      const sharpness = sharpnessBy(slope, theta);
      const gradNorm = norm(slope(theta));
      shares.push(sharpness / sharpnessLimit({ ...settings, gradNorm }));
      sharpest = Math.max(sharpest, sharpness);
    }
    samStep(slope, theta, velocity, settings);
  }
  const mean = shares.reduce((a, b) => a + b) / shares.length;
  expect(Math.abs(mean - 1)).toBeLessThan(0.05);
  expect(sharpest).toBeLessThan(0.8 * (2 / settings.learningRate));
});

/** λmax of the Hessian by central differences of the gradient. */
function sharpnessBy(slope: (theta: Float64Array) => Float64Array, theta: Float64Array): number {
  const P = theta.length;
  const H = new Float64Array(P * P);
  const h = 1e-5;
  for (let i = 0; i < P; i++) {
    const [above, below] = [1, -1].map((sign) => slope(theta.map((x, j) => (j === i ? x + sign * h : x))));
    for (let j = 0; j < P; j++) H[i * P + j] = (above[j] - below[j]) / (2 * h);
  }
  const symmetric = H.map((value, k) => (value + H[(k % P) * P + Math.floor(k / P)]) / 2);
  return symmetricEigen(symmetric, P).values[0];
}

test("a batch in pieces takes the same step up as one that is whole", async () => {
  const sam = { radius: 0.2 };
  const rng = new Rng(4, "pieces");
  const whole = await problemOf({ sam });
  const theta = Float32Array.from({ length: whole.d }, () => rng.normal());
  const parts = await problemOf({ sam });
  parts.pieces = (size) => [
    [0, 5],
    [5, size],
  ];
  const reached: Float32Array[] = [];
  for (const problem of [whole, parts]) {
    const own = theta.slice();
    const stepper = await Stepper.make(problem, own, null);
    await stepper.computeGradient(0);
    stepper.step(0);
    reached.push(own);
  }
  reached[0].forEach((x, i) => expect(Math.abs(x - reached[1][i])).toBeLessThan(1e-5));
  expect(reached[0]).not.toEqual(theta);
});

test("no limit is told where batches say which way is up, or where the slope is not known", () => {
  expect(meanLimit(10, { radius: NaN, gradNorm: 1 })).toBeNaN();
  expect(sharpnessLimit({ learningRate: 0.1, radius: 0.05 })).toBeNaN();
  // A slope that vanishes bears no curvature; a long one makes the steps plain.
  expect(sharpnessLimit({ learningRate: 0.1, radius: 0.05, gradNorm: 0 })).toBeLessThan(1e-3);
  expect(sharpnessLimit({ learningRate: 0.1, radius: 0.05, gradNorm: 1e9 })).toBeCloseTo(20, 5);
});
