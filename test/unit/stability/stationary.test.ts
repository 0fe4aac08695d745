// The stationary covariance against dense linear algebra over all batches, and the drift it makes against training a net in float64.
import { describe, expect, test } from "vitest";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import { stationaryCovariance, stepNoise } from "../../../src/stability/stationary";
import { varianceLimit } from "../../../src/stability/varianceLimit";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { BatchSampler } from "../../../src/util/batchSampler";
import { Rng } from "../../../src/util/rng";
import { add, identity, kron, overBatches, randomProblem, type Matrix } from "../../support/linearModel";
import { directions, flatPart, inParameters, interpolate, push, solve } from "../../support/driftByHand";
import { gramOf, jacobian, output, start, tanhNet, type TanhNet } from "../../support/tanhNet";

describe.each([
  { momentum: 0, share: 0.3 },
  { momentum: 0.6, share: 0.5 },
  { momentum: 0.6, nesterov: true, share: 0.4 },
])("%j", ({ momentum, nesterov = false, share }) => {
  const problem = randomProblem(5, 3, 1, 4);
  const { n, d, K, G, H } = problem;

  /** The step on (δ, v) for a batch's Hessian, as PyTorch writes it. */
  const stepOf = (HB: Matrix, eta: number): Matrix => {
    const M = new Float64Array(4 * d * d);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        const own = i === j ? 1 : 0;
        const pull = nesterov ? 1 + momentum : 1;
        M[i * 2 * d + j] = own - eta * pull * HB[i * d + j];
        M[i * 2 * d + d + j] = -eta * (nesterov ? momentum ** 2 : momentum) * own;
        M[(d + i) * 2 * d + j] = HB[i * d + j];
        M[(d + i) * 2 * d + d + j] = momentum * own;
      }
    }
    return M;
  };

  test.each([1, 2, 5])("batches of %d: the fixed point of the second moment over all of them", async (B) => {
    const factors = await factorSpectrum(problem.gram, { n, K }, "all");
    const learningRate = (share * 0.5) / factors.lambda[0];
    const rng = new Rng(3, "residual");
    // A residual that no gradient is left of: c − Gᵀ(GGᵀ)⁻¹Gc.
    const c = Float64Array.from({ length: n }, () => rng.normal());
    const Gc = new Float64Array(d);
    for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) Gc[j] += G[i][j] * c[i];
    const back = solve(add([n, H]), Gc);
    for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) c[i] -= G[i][j] * back[j];
    const labelVariance = 0.3;
    // Noise of every batch: the mean of its gradients, and of its labels' noise.
    const R = overBatches(problem, B, (HB) => add([labelVariance / B, HB]));
    if (B < n) {
      const gradients = { ...problem, each: G.map((g, i) => g.map((x) => x * c[i])) };
      const outer = overBatches(gradients, B, (g) => {
        const square = new Float64Array(d * d);
        for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) square[i * d + j] = g[i] * g[j];
        return square;
      });
      for (let i = 0; i < d * d; i++) R[i] += outer[i];
    }
    const M = overBatches(problem, B, (HB) =>
      kron(stepOf(HB, learningRate), stepOf(HB, learningRate), 2 * d),
    );
    const size = 4 * d * d;
    const source = new Float64Array(size);
    const [own, into] = [-learningRate * (nesterov ? 1 + momentum : 1), 1];
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++) {
        const x = R[i * d + j];
        source[i * 2 * d + j] = own * own * x;
        source[i * 2 * d + d + j] = own * into * x;
        source[(d + i) * 2 * d + j] = into * own * x;
        source[(d + i) * 2 * d + d + j] = into * into * x;
      }
    const S = solve(add([1, identity(size)], [-1, M]), source);
    const noise = stepNoise(factors, B, { residual: c, labelVariance });
    const options = { momentum, nesterov, learningRate, batchSize: B, gemm };
    const C = (await stationaryCovariance(factors, noise, options))!;
    const flat = Float64Array.from({ length: d * n }, (_, i) => G[Math.floor(i / d)][i % d]);
    const found = inParameters(C, directions(factors, flat), factors.r);
    const scale = Math.max(...found.map(Math.abs));
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        expect(Math.abs(found[i * d + j] - S[i * 2 * d + j]) / scale).toBeLessThan(1e-7);
  });
});

/** Mean displacement per step over many chains of training with label noise from one minimum, once the swing is what it stays. */
function train(
  net: TanhNet,
  y: Float64Array,
  from: Float64Array,
  how: {
    readonly eta: number;
    readonly beta: number;
    readonly sigma: number;
    readonly B: number;
    readonly sampling?: "epochs" | "independent";
    readonly chains: number;
    readonly warm: number;
    readonly steps: number;
    /** Adam instead, with momentum β and this β₂, its mean square s [P] from there on; √s half way through the steps is added up in `root`. */
    readonly adam?: { readonly beta2: number; readonly square: Float64Array; readonly root: Float64Array };
  },
): Float64Array {
  const { n, P } = net;
  const { eta, beta, sigma, B, sampling = "independent", chains, warm, steps, adam } = how;
  const mean = new Float64Array(P);
  const slope = new Float64Array(P);
  for (let chain = 0; chain < chains; chain++) {
    const rng = new Rng(chain, "chain");
    const theta = from.slice();
    const velocity = new Float64Array(P);
    const square = adam?.square.slice();
    const sampler = new BatchSampler({ n, size: B, sampling, seed: chain });
    for (let t = 0; t < warm + steps; t++) {
      if (t === warm) for (let a = 0; a < P; a++) mean[a] -= theta[a] / (chains * steps);
      if (square && t === warm + (steps >> 1))
        square.forEach((x, a) => (adam!.root[a] += Math.sqrt(x) / chains));
      const batch = sampler.next();
      const gradient = new Float64Array(P);
      for (let i = 0; i < B; i++) {
        const e = output(net, theta, batch[i], slope) - y[batch[i]] - sigma * rng.normal();
        for (let a = 0; a < P; a++) gradient[a] += (e * slope[a]) / B;
      }
      for (let a = 0; a < P; a++) {
        velocity[a] = beta * velocity[a] + (adam ? 1 - beta : 1) * gradient[a];
        if (square) square[a] = adam!.beta2 * square[a] + (1 - adam!.beta2) * gradient[a] ** 2;
        theta[a] -= (eta * velocity[a]) / (square ? Math.sqrt(square[a]) : 1);
      }
    }
    for (let a = 0; a < P; a++) mean[a] += theta[a] / (chains * steps);
  }
  return mean;
}

const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

describe("a tanh net 2-8-1 on six examples, trained with label noise from a minimum", () => {
  const rng = new Rng(5, "inputs");
  const net = tanhNet(
    Float64Array.from({ length: 12 }, () => 2 * rng.uniform() - 1),
    2,
    8,
  );
  const y = Float64Array.from({ length: 6 }, () => rng.normal());
  const theta = start(net, 2);
  interpolate(net, y, theta, { steps: 60, slow: 40 });

  test.each([
    { name: "full batches", eta: 0.3, beta: 0, B: 6, sampling: "independent" },
    { name: "heavy ball", eta: 0.1, beta: 0.8, B: 6, sampling: "independent" },
    { name: "batches of two", eta: 0.2, beta: 0, B: 2, sampling: "independent" },
    // The formula takes batches to be drawn anew: for label noise, which is fresh anyway, epochs hardly differ.
    { name: "batches of two as epochs", eta: 0.2, beta: 0, B: 2, sampling: "epochs" },
  ] as const)("$name: drifts along the minima as predicted", async ({ eta, beta, B, sampling }) => {
    const { f, J } = jacobian(net, theta);
    expect(Math.max(...f.map((value, i) => Math.abs(value - y[i])))).toBeLessThan(1e-10);
    const factors = await factorSpectrum(gramOf(J, net.n), { n: net.n, K: 1 }, "all");
    const U = directions(factors, J);
    // So little that the point moves by a thousandth of itself while it is measured.
    const sigma = 0.01;
    const noise = stepNoise(factors, B, { labelVariance: sigma ** 2 });
    const options = { momentum: beta, learningRate: eta, batchSize: B, gemm };
    const C = (await stationaryCovariance(factors, noise, options))!;
    const predicted = flatPart(push(net, theta, inParameters(C, U, factors.r)), U).map(
      (x) => (-(eta / (1 - beta)) / 2) * x,
    );
    const how = { eta, beta, sigma, B, sampling, chains: 150, warm: 400, steps: 600 };
    const measured = flatPart(train(net, y, theta, how), U);
    const along = measured.reduce((sum, x, a) => sum + x * predicted[a], 0);
    const ratio = norm(measured) / norm(predicted);
    expect(Math.abs(ratio - 1)).toBeLessThan(sampling === "epochs" ? 0.06 : 0.03);
    expect(along / norm(measured) / norm(predicted)).toBeGreaterThan(0.999);
  });

  test.each([6, 2])(
    "Adam with batches of %d: drifts as predicted with its preconditioner held",
    async (B) => {
      // The drift does not fall with the noise, to which P is proportional: the minimum moves while it is measured.
      const [eta, beta, sigma, beta2] = [2e-4, 0.9, 0.01, 0.999];
      const [warm, steps] = [800, 600];
      // E g² of label noise alone, to begin with.
      const { J: first } = jacobian(net, theta);
      const square = Float64Array.from({ length: net.P }, (_, a) => {
        let sum = 0;
        for (let i = 0; i < net.n; i++) sum += first[i * net.P + a] ** 2;
        return (sum * sigma ** 2) / (net.n * B);
      });
      const P = new Float64Array(net.P);
      const how = { eta, beta, sigma, B, chains: 150, warm, steps, adam: { beta2, square, root: P } };
      const moved = train(net, y, theta, how);
      const root = P.map((value) => value ** -0.5);
      const middle = theta.map((value, a) => value + (warm + steps / 2) * moved[a]);
      interpolate(net, y, middle, { steps: 3 });
      const { J } = jacobian(net, middle);
      const G = J.map((value, k) => value * root[k % net.P]);
      const factors = await factorSpectrum(gramOf(G, net.n), { n: net.n, K: 1 }, "all");
      const U = directions(factors, G);
      const noise = stepNoise(factors, B, { labelVariance: sigma ** 2 });
      const options = { momentum: beta, gain: 1 - beta, learningRate: eta, batchSize: B, gemm };
      const C = (await stationaryCovariance(factors, noise, options))!;
      const covariance = inParameters(C, U, factors.r).map(
        (value, k) => value * root[Math.floor(k / net.P)] * root[k % net.P],
      );
      const force = push(net, middle, covariance).map((value, a) => value * root[a]);
      const predicted = flatPart(force, U).map((value) => (-eta / 2) * value);
      const measured = flatPart(
        moved.map((value, a) => value / root[a]),
        U,
      );
      const along = measured.reduce((sum, value, a) => sum + value * predicted[a], 0);
      // Of the chance in thirty-three coordinates most lies across.
      expect(Math.abs(along / norm(predicted) ** 2 - 1)).toBeLessThan(0.04);
      expect(along / norm(measured) / norm(predicted)).toBeGreaterThan(0.99);
    },
  );

  test("drifts where label noise lowers the trace, by −η²σ²/(4n) P∇tr H for small η", async () => {
    const { J } = jacobian(net, theta);
    const factors = await factorSpectrum(gramOf(J, net.n), { n: net.n, K: 1 }, "all");
    const U = directions(factors, J);
    const [eta, sigma] = [1e-3, 0.01];
    const noise = stepNoise(factors, net.n, { labelVariance: sigma ** 2 });
    const C = (await stationaryCovariance(factors, noise, { learningRate: eta, batchSize: net.n, gemm }))!;
    const drift = flatPart(push(net, theta, inParameters(C, U, factors.r)), U).map((x) => (-eta / 2) * x);
    const one = identity(net.P);
    const literature = flatPart(push(net, theta, one), U).map(
      (x) => (-((eta * eta * sigma * sigma) / (2 * net.n)) / 2) * x,
    );
    const difference = norm(drift.map((x, a) => x - literature[a]));
    expect(difference / norm(literature)).toBeLessThan(0.01);
  });

  test("does not move without label noise", async () => {
    const { J } = jacobian(net, theta);
    const factors = await factorSpectrum(gramOf(J, net.n), { n: net.n, K: 1 }, "all");
    const options = { learningRate: 0.2, batchSize: 2, gemm };
    expect(Math.max(...(await stationaryCovariance(factors, stepNoise(factors, 2, {}), options))!)).toBe(0);
  });
});

test("residuals that no parameter can remove drive the drift too: each input twice, with targets that differ", async () => {
  const rng = new Rng(7, "inputs");
  const x = Float64Array.from({ length: 6 }, () => 2 * rng.uniform() - 1);
  const y = Float64Array.from({ length: 3 }, () => rng.normal());
  const single = tanhNet(x, 2, 8);
  const theta = start(single, 3);
  interpolate(single, y, theta, { steps: 60, slow: 40 });
  const net = tanhNet(Float64Array.from([...x, ...x]), 2, 8);
  const spread = [0.003, 0.005, 0.004];
  const targets = Float64Array.from({ length: 6 }, (_, i) => y[i % 3] + (i < 3 ? 1 : -1) * spread[i % 3]);
  const { f, J } = jacobian(net, theta);
  const factors = await factorSpectrum(gramOf(J, net.n), { n: net.n, K: 1 }, "all");
  expect(factors.r).toBe(3);
  const U = directions(factors, J);
  const [eta, B] = [0.15, 2];
  const noise = stepNoise(factors, B, { residual: f.map((value, i) => value - targets[i]) });
  const C = (await stationaryCovariance(factors, noise, { learningRate: eta, batchSize: B, gemm }))!;
  const predicted = flatPart(push(net, theta, inParameters(C, U, factors.r)), U).map((x) => (-eta / 2) * x);
  const how = { eta, beta: 0, sigma: 0, B, chains: 150, warm: 400, steps: 600 };
  const measured = flatPart(train(net, targets, theta, how), U);
  const along = measured.reduce((sum, value, a) => sum + value * predicted[a], 0);
  expect(Math.abs(norm(measured) / norm(predicted) - 1)).toBeLessThan(0.03);
  expect(along / norm(measured) / norm(predicted)).toBeGreaterThan(0.999);
});

test("where the mean square grows nothing is stationary", async () => {
  const problem = randomProblem(5, 3, 1, 4);
  const factors = await factorSpectrum(problem.gram, { n: 5, K: 1 }, "all");
  const { upper } = await varianceLimit(factors, { batchSize: 1, gemm });
  const at = (share: number) =>
    stationaryCovariance(factors, stepNoise(factors, 1, { labelVariance: 1 }), {
      learningRate: share * upper,
      batchSize: 1,
      gemm,
    });
  expect(await at(0.99)).not.toBeNull();
  expect(await at(1.01)).toBeNull();
});
