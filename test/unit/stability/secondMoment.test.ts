// The mean-square limit and the growth against brute force: full Kronecker operators, all batches enumerated, simulated SGD.
import { beforeAll, describe, expect, test } from "vitest";
import { growth, smallestStableBatch } from "../../../src/stability/growth";
import { factorSpectrum, truncate, type Factors } from "../../../src/stability/secondMoment";
import { nonuniformityLimit, samplingFactor, type Dynamics } from "../../../src/stability/thresholds";
import { varianceLimit } from "../../../src/stability/varianceLimit";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Rng } from "../../../src/util/rng";
import {
  add,
  identity,
  kron,
  multiply,
  overBatches,
  randomProblem,
  spectralRadius,
  type LinearProblem,
} from "../../support/linearModel";

/** Q(η) = E[(I − ηH_B) ⊗ (I − ηH_B)] as a d²×d² matrix, by enumerating batches: shares no formula with the library. */
const bruteQ = (problem: LinearProblem, eta: number, B: number) =>
  overBatches(problem, B, (HB) => {
    const M = add([1, identity(problem.d)], [-eta, HB]);
    return kron(M, M, problem.d);
  });

/** η* = 2/λmax(C⁺D) with C and D read off the enumerated batches, C⁺ on the range of H ⊗ I + I ⊗ H. */
function bruteLimit(problem: LinearProblem, B: number): number {
  const { d, H } = problem;
  const D = overBatches(problem, B, (HB) => kron(HB, HB, d));
  const C = add([0.5, kron(H, identity(d), d)], [0.5, kron(identity(d), H, d)]);
  const { values, vectors } = symmetricEigen(C, d * d);
  const m = d * d;
  const S = new Float64Array(m * m);
  for (let k = 0; k < m; k++) {
    if (values[k] < 1e-10 * values[0]) continue;
    for (let i = 0; i < m; i++)
      for (let j = 0; j < m; j++)
        S[i * m + j] += (vectors[k * m + i] * vectors[k * m + j]) / Math.sqrt(values[k]);
  }
  return 2 / symmetricEigen(multiply(multiply(S, D, { m, k: m, n: m }), S, { m, k: m, n: m }), m).values[0];
}

const shapes = [
  { n: 4, d: 3, K: 1 },
  { n: 5, d: 4, K: 2 },
  { n: 3, d: 5, K: 1 },
];

describe.each(shapes)("n = $n examples, d = $d parameters, K = $K outputs", ({ n, d, K }) => {
  const problem = randomProblem(n, d, K, 11 * n + d);
  let factors: Factors;
  beforeAll(async () => {
    factors = await factorSpectrum(problem.gram, { n, K }, "all");
  });

  test("the Gram form's limit equals the brute-force limit for every batch size, and never falls as B grows", async () => {
    let last = 0;
    for (let B = 1; B <= n; B++) {
      const { upper, lower, exact } = await varianceLimit(factors, { batchSize: B, gemm });
      expect(exact && lower === upper).toBe(true);
      expect(Math.abs(upper / bruteLimit(problem, B) - 1), `B = ${B}`).toBeLessThan(1e-6);
      expect(upper).toBeGreaterThanOrEqual(last * (1 - 1e-9));
      last = upper;
    }
    expect(last).toBeCloseTo(2 / symmetricEigen(problem.H, d).values[0], 8);
  });

  test("ρ equals the spectral radius of the enumerated map where anything grows", async () => {
    for (let B = 1; B <= n; B++) {
      const eta = 1.15 * (await varianceLimit(factors, { batchSize: B, gemm })).upper;
      const { rho } = await growth(factors, { learningRate: eta, batchSize: B, gemm });
      expect(Math.abs(rho / spectralRadius(bruteQ(problem, eta, B), d * d) - 1), `B = ${B}`).toBeLessThan(
        1e-5,
      );
      expect(rho).toBeGreaterThan(1);
    }
  });

  test.each([
    { momentum: 0.9, nesterov: false },
    { momentum: 0.5, nesterov: true },
  ])(
    "momentum $momentum (Nesterov: $nesterov): ρ equals that of the 4d²×4d² map, and crosses 1 at the limit",
    async ({ momentum, nesterov }) => {
      for (const B of [1, 2]) {
        const limit = (await varianceLimit(factors, { batchSize: B, gemm, momentum, nesterov })).upper;
        const brute = (eta: number): number => {
          const size = 2 * d;
          const map = overBatches(problem, B, (HB) => {
            // z = (θ, v): v′ = βv − ηH_B y, θ′ = θ + v′, y = θ or θ + βv.
            const M = new Float64Array(size * size);
            for (let i = 0; i < d; i++)
              for (let j = 0; j < d; j++) {
                const pull = -eta * HB[i * d + j];
                const drag = (i === j ? momentum : 0) + (nesterov ? momentum * pull : 0);
                M[i * size + j] = (i === j ? 1 : 0) + pull;
                M[i * size + d + j] = drag;
                M[(d + i) * size + j] = pull;
                M[(d + i) * size + d + j] = drag;
              }
            return kron(M, M, size);
          });
          return spectralRadius(map, size * size);
        };
        const eta = 1.3 * limit;
        const { rho } = await growth(factors, { learningRate: eta, batchSize: B, momentum, nesterov, gemm });
        expect(Math.abs(rho / brute(eta) - 1), `ρ at B = ${B}`).toBeLessThan(1e-5);
        if (d <= 4) {
          // Null directions of H hold ρ at exactly 1 below the limit.
          expect(brute(0.999 * limit), `below the limit, B = ${B}`).toBeLessThanOrEqual(1 + 1e-6);
          expect(brute(1.001 * limit), `above the limit, B = ${B}`).toBeGreaterThan(1 + 1e-6);
        }
      }
    },
  );
});

test.each([
  { momentum: 0.9, gain: 0.1 },
  { weightDecay: 0.3 },
  { decoupledDecay: 0.3 },
  { momentum: 0.5, weightDecay: 0.3 },
  { momentum: 0.5, nesterov: true, weightDecay: 0.3 },
  { momentum: 0.5, gain: 0.5, decoupledDecay: 0.4 },
])("dynamics %j: ρ equals that of the enumerated map, and crosses 1 at the limit", async (dynamics) => {
  const problem = randomProblem(4, 3, 1, 47);
  const { n, d } = problem;
  const factors = await factorSpectrum(problem.gram, { n, K: 1 }, "all");
  const {
    momentum = 0,
    nesterov = false,
    gain = 1,
    weightDecay = 0,
    decoupledDecay = 0,
  } = dynamics as Dynamics;
  const size = 2 * d;
  for (const B of [1, 2]) {
    // z = (θ, v): θ′ = (1 − ηw)θ + v′, v′ = βv − γη(H_B + c)(θ or θ + βv).
    const brute = (eta: number): number =>
      spectralRadius(
        overBatches(problem, B, (HB) => {
          const M = new Float64Array(size * size);
          for (let i = 0; i < d; i++)
            for (let j = 0; j < d; j++) {
              const one = i === j ? 1 : 0;
              const pull = -gain * eta * (HB[i * d + j] + one * weightDecay);
              const drag = momentum * (one + (nesterov ? pull : 0));
              M[i * size + j] = one * (1 - eta * decoupledDecay) + pull;
              M[i * size + d + j] = M[(d + i) * size + d + j] = drag;
              M[(d + i) * size + j] = pull;
            }
          return kron(M, M, size);
        }),
        size * size,
      );
    const { upper: limit } = await varianceLimit(factors, { ...dynamics, batchSize: B, gemm });
    const eta = 1.3 * limit;
    const { rho } = await growth(factors, { ...dynamics, learningRate: eta, batchSize: B, gemm });
    expect(Math.abs(rho / brute(eta) - 1), `ρ at B = ${B}`).toBeLessThan(1e-5);
    expect(brute(0.999 * limit), `below the limit, B = ${B}`).toBeLessThan(1);
    expect(brute(1.001 * limit), `above the limit, B = ${B}`).toBeGreaterThan(1);
  }
});

test("simulated SGD without replacement converges just below the limit and escapes just above it", async () => {
  const problem = randomProblem(6, 4, 1, 5);
  const { n, d, each } = problem;
  const factors = await factorSpectrum(problem.gram, { n, K: 1 }, "all");
  const B = 2;
  const { upper } = await varianceLimit(factors, { batchSize: B, gemm });
  const meanSquare = (eta: number): number[] => {
    const rng = new Rng(1, "simulate");
    const replicas = 4000;
    const total = new Array<number>(31).fill(0);
    for (let r = 0; r < replicas; r++) {
      let x = Float64Array.from({ length: d }, () => rng.normal());
      for (let t = 0; t <= 30; t++) {
        total[t] += x.reduce((s, v) => s + v * v, 0) / replicas;
        const batch = rng.permutation(n).subarray(0, B);
        const HB = add(...Array.from(batch, (i) => [1 / B, each[i]] as const));
        x = add([1, x], [-eta, multiply(HB, x, { m: d, k: d, n: 1 })]);
      }
    }
    return total;
  };
  const [below, above] = [meanSquare(0.7 * upper), meanSquare(1.4 * upper)];
  expect(below[30]).toBeLessThan(below[0]);
  expect(above[30]).toBeGreaterThan(above[0]);
});

test("a truncated reading is an upper bound that falls with the rank", async () => {
  const problem = randomProblem(8, 12, 1, 9);
  const factors = await factorSpectrum(problem.gram, { n: 8, K: 1 }, "all");
  const exact = (await varianceLimit(factors, { batchSize: 2, gemm })).upper;
  let last = Infinity;
  for (const rank of [1, 2, 4, 8]) {
    const { upper } = await varianceLimit(truncate(factors, rank), { batchSize: 2, gemm });
    expect(upper).toBeLessThanOrEqual(last * (1 + 1e-9));
    expect(upper).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
    last = upper;
  }
});

test("stable points exist outside the sharpness–non-uniformity rectangle, which is why the verdict does not use it", async () => {
  let outside = 0;
  for (let seed = 0; seed < 40; seed++) {
    const problem = randomProblem(6, 7, 1, seed);
    const { n, d, each, H } = problem;
    const factors = await factorSpectrum(problem.gram, { n, K: 1 }, "all");
    const { upper } = await varianceLimit(factors, { batchSize: 2, gemm });
    const square = add(...each.map((h) => [1 / n, multiply(h, h, { m: d, k: d, n: d })] as const));
    const s = Math.sqrt(
      symmetricEigen(add([1, square], [-1, multiply(H, H, { m: d, k: d, n: d })]), d).values[0],
    );
    if (s > nonuniformityLimit({ learningRate: 0.999 * upper, batchSize: 2, n })) outside++;
  }
  expect(outside).toBeGreaterThan(0);
});

test("mean-square stability implies the flatness bounds of theory.md 4.1", async () => {
  for (let seed = 0; seed < 10; seed++) {
    const K = 1 + (seed % 3);
    const problem = randomProblem(6, 5, K, 100 + seed);
    const { n, d, each, H } = problem;
    for (const B of [1, 3]) {
      const p = samplingFactor(n, B);
      const { upper: eta } = await varianceLimit(await factorSpectrum(problem.gram, { n, K }, "all"), {
        batchSize: B,
        gemm,
      });
      const trace = Array.from({ length: d }, (_, i) => H[i * (d + 1)]).reduce((a, b) => a + b);
      const squares = each.reduce((s, h) => s + h.reduce((t, x) => t + x * x, 0), 0) / n;
      expect(squares).toBeLessThanOrEqual((2 / (eta * p)) * trace * (1 + 1e-9));
      expect(trace).toBeLessThanOrEqual(((2 * K) / (eta * p)) * (1 + 1e-9));
    }
  }
});

test("the smallest stable batch is the first whose limit is at least the learning rate", async () => {
  const problem = randomProblem(7, 5, 1, 21);
  const factors = await factorSpectrum(problem.gram, { n: 7, K: 1 }, "all");
  const limits: number[] = [];
  for (let B = 1; B <= 7; B++) limits.push((await varianceLimit(factors, { batchSize: B, gemm })).upper);
  for (const learningRate of [
    0.5 * limits[0],
    (limits[1] + limits[2]) / 2,
    0.999 * limits[6],
    2 * limits[6],
  ]) {
    const first = limits.findIndex((limit) => limit >= learningRate);
    expect(await smallestStableBatch(factors, { learningRate, gemm })).toBe(first < 0 ? null : first + 1);
  }
});

test("examples without curvature are stable at every learning rate, and NaN stays NaN", async () => {
  const zero = await factorSpectrum(new Float64Array(9), { n: 3, K: 1 }, "all");
  expect((await varianceLimit(zero, { batchSize: 1, gemm })).upper).toBe(Infinity);
  const broken = await factorSpectrum(new Float64Array(9).fill(NaN), { n: 3, K: 1 }, "all");
  expect((await varianceLimit(broken, { batchSize: 1, gemm })).upper).toBeNaN();
});

test("where a schedule has brought the learning rate to 0, nothing grows and every batch is stable", async () => {
  const problem = randomProblem(7, 5, 1, 21);
  const factors = await factorSpectrum(problem.gram, { n: 7, K: 1 }, "all");
  for (const momentum of [0, 0.9]) {
    expect((await growth(factors, { learningRate: 0, batchSize: 2, momentum, gemm })).rho).toBeCloseTo(1, 12);
    expect(await smallestStableBatch(factors, { learningRate: 0, momentum, gemm })).toBe(1);
  }
});
