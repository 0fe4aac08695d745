// The central flow's oscillation: the smallest variance along the eigenvectors at the edge that keeps their eigenvalues from rising.
import { symmetricEigen } from "../util/linalg/symmetricEigen";

/** Relative accuracy of the solution, and iterations at most. */
const [tolerance, most] = [1e-11, 20_000];

/** Coordinates of symmetric [m, m] matrices in which the Frobenius product is that of vectors: entry (i, j), i ≥ j, of weight 1 or √2. */
interface Basis {
  readonly m: number;
  readonly pairs: readonly (readonly [i: number, j: number, weight: number])[];
}

const basisOf = (m: number): Basis => ({
  m,
  pairs: Array.from({ length: m }, (_, i) =>
    Array.from({ length: i + 1 }, (_, j) => [i, j, i === j ? 1 : Math.SQRT2] as const),
  ).flat(),
});

const matrixOf = ({ m, pairs }: Basis, x: Float64Array): Float64Array => {
  const out = new Float64Array(m * m);
  pairs.forEach(([i, j, weight], k) => (out[i * m + j] = out[j * m + i] = x[k] / weight));
  return out;
};

/** The nearest positive semidefinite matrix. */
function clipped(basis: Basis, x: Float64Array): Float64Array {
  const { m, pairs } = basis;
  const { values, vectors } = symmetricEigen(matrixOf(basis, x), m);
  return Float64Array.from(pairs, ([i, j, weight]) => {
    let sum = 0;
    for (let k = 0; k < m; k++) if (values[k] > 0) sum += values[k] * vectors[k * m + i] * vectors[k * m + j];
    return weight * sum;
  });
}

/**
 * X ⪰ 0 with β(X) − α ⪰ 0 and ⟨X, β(X) − α⟩ = 0, the covariance of the oscillation along m eigenvectors at the edge:
 *
 *   β(X)_ij = ½ Σ_kl B_ij,kl X_kl,   B_ij,kl = ⟨T_ij, T_kl⟩,   T_ij = ∇_θ(u_iᵀHu_j)
 *
 * which is where ¼⟨X, B X⟩ − ⟨α, X⟩ is smallest over X ⪰ 0: a convex problem, for B is a Gram matrix. By projected gradients with
 * Nesterov's acceleration, restarted where it turns uphill. For one eigenvalue X = max(0, 2α/B). Costs a decomposition [m, m] an
 * iteration.
 *
 * @param alpha  [m, m], symmetric: how fast the eigenvalues' matrix rises by itself.
 * @param gram   B, [m², m²], index (i, j) ↦ im + j.
 * @returns      X [m, m].
 * @source Cohen, Damian, Talwalkar, Kolter & Lee, "Central flows", 2025; theory.md, section 10; O'Donoghue & Candès 2015 for the restart.
 */
export function edgeVariance(alpha: Float64Array, gram: Float64Array, m: number): Float64Array {
  const basis = basisOf(m);
  const { pairs } = basis;
  const size = pairs.length;
  const a = Float64Array.from(pairs, ([i, j, weight]) => weight * alpha[i * m + j]);
  const Q = new Float64Array(size * size);
  pairs.forEach(([i, j, own], p) =>
    pairs.forEach(
      ([k, l, other], q) => (Q[p * size + q] = (own * other * gram[(i * m + j) * m * m + k * m + l]) / 2),
    ),
  );
  const lipschitz = symmetricEigen(Q, size).values[0];
  if (!(lipschitz > 0)) return new Float64Array(m * m);
  let x: Float64Array = new Float64Array(size);
  let y = x;
  let t = 1;
  for (let iteration = 0; iteration < most; iteration++) {
    const gradient = a.map((value, p) => {
      let sum = -value;
      for (let q = 0; q < size; q++) sum += Q[p * size + q] * y[q];
      return sum;
    });
    const next = clipped(
      basis,
      y.map((value, p) => value - gradient[p] / lipschitz),
    );
    let [uphill, change, length] = [0, 0, 0];
    for (let p = 0; p < size; p++) {
      uphill += (y[p] - next[p]) * (next[p] - x[p]);
      change += (next[p] - y[p]) ** 2;
      length += next[p] ** 2;
    }
    if (uphill > 0) t = 1;
    const grown = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
    const past = x;
    y = next.map((value, p) => value + (uphill > 0 ? 0 : (t - 1) / grown) * (value - past[p]));
    x = next;
    t = grown;
    if (change <= tolerance ** 2 * length || length === 0) break;
  }
  return matrixOf(basis, x);
}
