// Eigenvalues and eigenvectors of a diagonal matrix plus one of rank one: what the halves of a divided eigenproblem are joined by.

export interface RankOne {
  /** Ascending, [k]. */
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of values[i], [k, k]. */
  readonly vectors: Float64Array;
}

/** Steps to a root at most; three to five are usual. */
const steps = 80;

/**
 * diag(d) + ρ z zᵀ with d strictly ascending, ρ > 0 and no zero in z: roots of 1 + ρ Σ zⱼ²/(dⱼ − λ), one between any two dⱼ. Each is found as a distance
 * from the nearest dⱼ, and the eigenvectors are those of the matrix that has the computed roots exactly, which makes them orthogonal to
 * rounding however close the roots lie.
 *
 * About 8 k² divisions.
 * @source Gu & Eisenstat, SIAM J. Matrix Anal. Appl. 15 (1994) and 16 (1995); Li, LAPACK Working Note 89 (1993) for the iteration.
 */
export function rankOneEigen(d: Float64Array, z: Float64Array, rho: number): RankOne {
  const k = d.length;
  const weight = z.map((x) => rho * x * x);
  const values = new Float64Array(k);
  // Row i: dⱼ − λᵢ, to full relative precision.
  const distance = new Float64Array(k * k);
  for (let i = 0; i < k; i++) values[i] = root(d, weight, i, distance.subarray(i * k, (i + 1) * k));
  // Löwner: ẑⱼ² = Πᵢ (λᵢ − dⱼ) / Π_{i≠j} (dᵢ − dⱼ), up to ρ.
  const square = new Float64Array(k).fill(1);
  for (let i = 0; i < k; i++) {
    const row = i * k;
    const di = d[i];
    for (let j = 0; j < i; j++) square[j] *= distance[row + j] / (d[j] - di);
    square[i] *= -distance[row + i];
    for (let j = i + 1; j < k; j++) square[j] *= distance[row + j] / (d[j] - di);
  }
  const corrected = square.map((x, j) => (z[j] < 0 ? -Math.sqrt(x) : Math.sqrt(x)));
  const vectors = distance;
  for (let i = 0; i < k; i++) {
    const row = i * k;
    let size = 0;
    for (let j = 0; j < k; j++) {
      const x = corrected[j] / vectors[row + j];
      vectors[row + j] = x;
      size += x * x;
    }
    const scale = 1 / Math.sqrt(size);
    for (let j = 0; j < k; j++) vectors[row + j] *= scale;
  }
  return { values, vectors };
}

/**
 * Root number i; dⱼ − λ into `distance`. On both sides of the root the sum is replaced by a constant and one pole that agree with it in value and
 * slope: a quadratic, kept in a bracket.
 */
function root(d: Float64Array, weight: Float64Array, i: number, distance: Float64Array): number {
  const k = d.length;
  if (k === 1) {
    distance[0] = -weight[0];
    return d[0] + weight[0];
  }
  const last = i === k - 1;
  // The poles of the model; beyond the last dⱼ both lie on the left.
  const left = last ? k - 2 : i;
  const right = left + 1;
  let origin = last ? right : left;
  let [low, high] = [0, 0];
  if (last) for (let j = 0; j < k; j++) high += weight[j];
  else {
    const half = (d[right] - d[left]) / 2;
    let middle = 1;
    for (let j = 0; j < k; j++) middle += weight[j] / (d[j] - d[left] - half);
    if (middle >= 0) high = half;
    else {
      origin = right;
      low = -half;
    }
  }
  const base = d[origin];
  for (let j = 0; j < k; j++) distance[j] = d[j] - base;
  const [dl, dr] = [distance[left], distance[right]];
  let x = last || origin === left ? high : low;
  if (last) x = high / 2;
  for (let step = 0; step < steps; step++) {
    let [psi, psiSlope, phi, phiSlope] = [0, 0, 0, 0];
    for (let j = 0; j <= left; j++) {
      const t = 1 / (distance[j] - x);
      const y = weight[j] * t;
      psi += y;
      psiSlope += y * t;
    }
    for (let j = right; j < k; j++) {
      const t = 1 / (distance[j] - x);
      const y = weight[j] * t;
      phi += y;
      phiSlope += y * t;
    }
    const f = 1 + psi + phi;
    if (Math.abs(f) <= 8 * Number.EPSILON * (1 + Math.abs(psi) + Math.abs(phi))) break;
    if (f < 0) low = x;
    else high = x;
    const next =
      x +
      quadraticStep({ f, psiSlope, phiSlope }, { l: dl - x, r: dr - x }, { low: low - x, high: high - x });
    if (next === x || !(high - low > Number.EPSILON * Math.max(Math.abs(low), Math.abs(high)))) break;
    x = next;
  }
  for (let j = 0; j < k; j++) distance[j] -= x;
  return base + x;
}

/** Step to the root, between `low` and `high`, of c + s/(l − η) + S/(r − η), which has value f and these slopes at η = 0. */
function quadraticStep(
  { f, psiSlope, phiSlope }: { readonly f: number; readonly psiSlope: number; readonly phiSlope: number },
  { l, r }: { readonly l: number; readonly r: number },
  { low, high }: { readonly low: number; readonly high: number },
): number {
  const c = f - l * psiSlope - r * phiSlope;
  const b = c * (l + r) + l * l * psiSlope + r * r * phiSlope;
  const product = l * r * f;
  const disc = Math.sqrt(Math.max(0, b * b - 4 * c * product));
  const sum = b >= 0 ? b + disc : b - disc;
  for (const step of [sum / (2 * c), (2 * product) / sum, -f / (psiSlope + phiSlope)])
    if (step > low && step < high) return step;
  return (low + high) / 2;
}
