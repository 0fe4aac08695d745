// The stationary covariance against dense linear algebra over all batches, and the drift it makes against training a net in float64.
import { describe, expect, test } from "vitest";
import { factorSpectrum, type Factors } from "../../../src/stability/secondMoment";
import { stationaryCovariance, stepNoise } from "../../../src/stability/stationary";
import type { Dynamics } from "../../../src/stability/thresholds";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Rng } from "../../../src/util/rng";
import { add, identity, kron, overBatches, randomProblem, type Matrix } from "../../support/linearModel";
import { gramOf, jacobian, output, start, tanhNet, type TanhNet } from "../../support/tanhNet";

/** A⁻¹b of a matrix [m, m], by Gaussian elimination with pivots. */
function solve(a: Float64Array, b: Float64Array): Float64Array {
  const m = b.length;
  const [A, x] = [a.slice(), b.slice()];
  for (let c = 0; c < m; c++) {
    let best = c;
    for (let i = c; i < m; i++) if (Math.abs(A[i * m + c]) > Math.abs(A[best * m + c])) best = i;
    for (let j = 0; j < m; j++) [A[c * m + j], A[best * m + j]] = [A[best * m + j], A[c * m + j]];
    [x[c], x[best]] = [x[best], x[c]];
    for (let i = c + 1; i < m; i++) {
      const t = A[i * m + c] / A[c * m + c];
      for (let j = c; j < m; j++) A[i * m + j] -= t * A[c * m + j];
      x[i] -= t * x[c];
    }
  }
  for (let c = m - 1; c >= 0; c--) {
    for (let j = c + 1; j < m; j++) x[c] -= A[c * m + j] * x[j];
    x[c] /= A[c * m + c];
  }
  return x;
}

/** Eigenvectors u_a = G A_a / w_a of H in parameter space, [r, d], from G [d, nK] by columns. */
function directions({ n, K, r, lambda, A }: Factors, G: Float64Array): Float64Array {
  const d = G.length / (n * K);
  const U = new Float64Array(r * d);
  for (let a = 0; a < r; a++)
    for (let i = 0; i < n * K; i++)
      for (let j = 0; j < d; j++) U[a * d + j] += (G[i * d + j] * A[i * r + a]) / (n * lambda[a]);
  return U;
}

/** UᵀCU, [d, d]. */
function inParameters(C: Float64Array, U: Float64Array, r: number): Float64Array {
  const d = U.length / r;
  const out = new Float64Array(d * d);
  for (let a = 0; a < r; a++)
    for (let b = 0; b < r; b++)
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) out[i * d + j] += U[a * d + i] * C[a * r + b] * U[b * d + j];
  return out;
}

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
    const M = overBatches(problem, B, (HB) => kron(stepOf(HB, learningRate), stepOf(HB, learningRate), 2 * d));
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

/** Gauss–Newton steps to outputs `y`, in float64: θ ← θ − J⁺(f − y). */
function interpolate(net: TanhNet, y: Float64Array, theta: Float64Array): void {
  const { n, P } = net;
  for (let step = 0; step < 60; step++) {
    const { f, J } = jacobian(net, theta);
    const back = solve(gramOf(J, n), Float64Array.from(f, (value, i) => value - y[i]));
    for (let i = 0; i < n; i++)
      for (let a = 0; a < P; a++) theta[a] -= (step < 40 ? 0.3 : 1) * J[i * P + a] * back[i];
  }
}

/** −(η/(2(1−β))) P_flat ∇⟨H, C⟩ by central differences of ⟨JᵀJ/n, C⟩, and the projection. */
function predict(
  net: TanhNet,
  theta: Float64Array,
  C: Float64Array,
  { U, rate }: { readonly U: Float64Array; readonly rate: number },
) {
  const { n, P } = net;
  const value = (at: Float64Array): number => {
    const { J } = jacobian(net, at);
    let sum = 0;
    for (let i = 0; i < n; i++)
      for (let a = 0; a < P; a++)
        for (let b = 0; b < P; b++) sum += (J[i * P + a] * C[a * P + b] * J[i * P + b]) / n;
    return sum;
  };
  const gradient = Float64Array.from(theta, (_, a) => {
    const moved = (by: number) => value(theta.map((t, j) => (j === a ? t + by : t)));
    return (moved(1e-5) - moved(-1e-5)) / 2e-5;
  });
  return flat(gradient, U).map((x) => -(rate / 2) * x);
}

/** x less its part along the rows of U. */
function flat(x: Float64Array, U: Float64Array): Float64Array {
  const P = x.length;
  const out = x.slice();
  for (let a = 0; a < U.length / P; a++) {
    let along = 0;
    for (let j = 0; j < P; j++) along += U[a * P + j] * x[j];
    for (let j = 0; j < P; j++) out[j] -= along * U[a * P + j];
  }
  return out;
}

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
    readonly chains: number;
    readonly warm: number;
    readonly steps: number;
  },
): Float64Array {
  const { n, P } = net;
  const { eta, beta, sigma, B, chains, warm, steps } = how;
  const mean = new Float64Array(P);
  const slope = new Float64Array(P);
  for (let chain = 0; chain < chains; chain++) {
    const rng = new Rng(chain, "chain");
    const theta = from.slice();
    const velocity = new Float64Array(P);
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let t = 0; t < warm + steps; t++) {
      if (t === warm) for (let a = 0; a < P; a++) mean[a] -= theta[a] / (chains * steps);
      for (let i = 0; i < B; i++) {
        const j = i + rng.below(n - i);
        [order[i], order[j]] = [order[j], order[i]];
      }
      const gradient = new Float64Array(P);
      for (let i = 0; i < B; i++) {
        const e = output(net, theta, order[i], slope) - y[order[i]] - sigma * rng.normal();
        for (let a = 0; a < P; a++) gradient[a] += (e * slope[a]) / B;
      }
      for (let a = 0; a < P; a++) {
        velocity[a] = beta * velocity[a] + gradient[a];
        theta[a] -= eta * velocity[a];
      }
    }
    for (let a = 0; a < P; a++) mean[a] += theta[a] / (chains * steps);
  }
  return mean;
}

const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

describe("a tanh net 2-8-1 on six examples, trained with label noise from a minimum", () => {
  const rng = new Rng(5, "inputs");
  const net = tanhNet(Float64Array.from({ length: 12 }, () => 2 * rng.uniform() - 1), 2, 8);
  const y = Float64Array.from({ length: 6 }, () => rng.normal());
  const theta = start(net, 2);
  interpolate(net, y, theta);

  test.each([
    { name: "full batches", eta: 0.3, beta: 0, B: 6 },
    { name: "heavy ball", eta: 0.1, beta: 0.8, B: 6 },
    { name: "batches of two", eta: 0.2, beta: 0, B: 2 },
  ])("$name: drifts along the minima as predicted", async ({ eta, beta, B }) => {
    const { f, J } = jacobian(net, theta);
    expect(Math.max(...f.map((value, i) => Math.abs(value - y[i])))).toBeLessThan(1e-10);
    const factors = await factorSpectrum(gramOf(J, net.n), { n: net.n, K: 1 }, "all");
    const U = directions(factors, J);
    const sigma = 0.01;
    const dynamics: Dynamics = { momentum: beta };
    const noise = stepNoise(factors, B, { labelVariance: sigma ** 2 });
    const C = (await stationaryCovariance(factors, noise, { ...dynamics, learningRate: eta, batchSize: B, gemm }))!;
    const predicted = predict(net, theta, inParameters(C, U, factors.r), { U, rate: eta / (1 - beta) });
    const how = { eta, beta, sigma, B, chains: 200, warm: 400, steps: 800 };
    const measured = flat(train(net, y, theta, how), U);
    const along = measured.reduce((sum, x, a) => sum + x * predicted[a], 0);
    console.log(factors.lambda, norm(measured) / norm(predicted), along / norm(measured) / norm(predicted), norm(predicted));
  });
});
