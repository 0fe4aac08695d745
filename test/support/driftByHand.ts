// The drift along the minima by hand in float64: dense matrices, differences, and steps of Newton's.
import type { Factors } from "../../src/stability/secondMoment";
import { gramOf, jacobian, type TanhNet } from "./tanhNet";

/** A⁻¹b of a matrix [m, m], by Gaussian elimination with pivots. */
export function solve(a: Float64Array, b: Float64Array): Float64Array {
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
export function directions({ n, K, r, lambda, A }: Factors, G: Float64Array): Float64Array {
  const d = G.length / (n * K);
  const U = new Float64Array(r * d);
  for (let a = 0; a < r; a++)
    for (let i = 0; i < n * K; i++)
      for (let j = 0; j < d; j++) U[a * d + j] += (G[i * d + j] * A[i * r + a]) / (n * lambda[a]);
  return U;
}

/** UᵀCU, [d, d]. */
export function inParameters(C: Float64Array, U: Float64Array, r: number): Float64Array {
  const d = U.length / r;
  const out = new Float64Array(d * d);
  for (let a = 0; a < r; a++)
    for (let b = 0; b < r; b++)
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) out[i * d + j] += U[a * d + i] * C[a * r + b] * U[b * d + j];
  return out;
}

/** `steps` Gauss–Newton steps from θ, in place, to outputs `y`: θ ← θ − J⁺(f − y), the first `slow` of them shorter. */
export function interpolate(
  net: TanhNet,
  y: Float64Array,
  theta: Float64Array,
  { steps, slow = 0 }: { readonly steps: number; readonly slow?: number },
): void {
  const { n, P } = net;
  for (let step = 0; step < steps; step++) {
    const { f, J } = jacobian(net, theta);
    const back = solve(
      gramOf(J, n),
      Float64Array.from(f, (value, i) => value - y[i]),
    );
    for (let i = 0; i < n; i++)
      for (let a = 0; a < P; a++) theta[a] -= (step < slow ? 0.3 : 1) * J[i * P + a] * back[i];
  }
}

/** ∇⟨JᵀJ/n, C⟩ by central differences, [P]: off the sharp directions that of ⟨H, C⟩ where every example is fitted. */
export function push(net: TanhNet, theta: Float64Array, C: Float64Array): Float64Array {
  const { n, P } = net;
  const value = (at: Float64Array): number => {
    const { J } = jacobian(net, at);
    let sum = 0;
    for (let i = 0; i < n; i++)
      for (let a = 0; a < P; a++)
        for (let b = 0; b < P; b++) sum += (J[i * P + a] * C[a * P + b] * J[i * P + b]) / n;
    return sum;
  };
  return Float64Array.from(theta, (_, a) => {
    const moved = (by: number) => value(theta.map((t, j) => (j === a ? t + by : t)));
    return (moved(1e-5) - moved(-1e-5)) / 2e-5;
  });
}

/** x less its part along the rows of U. */
export function flatPart(x: Float64Array, U: Float64Array): Float64Array {
  const P = x.length;
  const out = x.slice();
  for (let a = 0; a < U.length / P; a++) {
    let along = 0;
    for (let j = 0; j < P; j++) along += U[a * P + j] * x[j];
    for (let j = 0; j < P; j++) out[j] -= along * U[a * P + j];
  }
  return out;
}
