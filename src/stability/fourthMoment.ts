// How fast E‖δ‖⁴ grows per step: rare bursts count more than in the mean square, and where even they die out no example is sharp.
import { Breather } from "../util/breather";
import { axpy, dot, norm, scale } from "../util/linalg/vector";
import { symmetricEigen } from "../util/linalg/symmetricEigen";
import { drawnFrom, type Factors } from "./secondMoment";

export interface FourthMomentOptions {
  readonly learningRate: number;
  readonly batchSize: number;
  /** Whether to end with nothing. */
  readonly over?: () => boolean;
}

export interface FourthMoment {
  /** Factor of E‖δ‖⁴ per step, along the directions kept. */
  readonly growth: number;
  /** Residual of the eigenvalue: the growth is not below `growth` by more than rounding, nor above it by more than this. */
  readonly error: number;
}

/** Relative residual at which the eigenvalue is found, and products with the map at most. */
const [tolerance, mostProducts] = [1e-8, 120];

/** Multiplications of one product with the map, [r⁴] → [r⁴]. */
export const fourthMomentWork = ({ n, K, r }: Pick<Factors, "n" | "K" | "r">): number => 4 * n * K * r ** 4;

/** x(x−1)…(x−b+1)/(y(y−1)…(y−b+1)): that b examples, all different, are all in the batch. */
const together = (x: number, y: number, b: number): number => {
  let chance = 1;
  for (let k = 0; k < b; k++) chance *= Math.max(0, x - k) / Math.max(1, y - k);
  return chance;
};

/** Coefficients of Σⱼ S(s, j)(−1)^{j−1}(j−1)! zʲ: an s-fold sum over equal examples in terms of sums over different ones. */
const equal: readonly (readonly number[])[] = [[1], [0, 1], [0, 1, -1], [0, 1, -3, 2], [0, 1, -7, 12, -6]];

/**
 * Coefficient of Σᵢ Hᵢ^{⊗s₁} ⊗ Σⱼ Hⱼ^{⊗s₂} ⊗ … in E[H_B^{⊗k}], k = Σ sᵢ, for batches drawn without replacement: the chances that the
 * examples in it are in the batch together, by Möbius inversion over the partitions of the k places.
 */
function chanceOf(parts: readonly number[], B: number, n: number): number {
  const product = parts.reduce<number[]>(
    (all, part) => {
      const out = new Array<number>(all.length + equal[part].length - 1).fill(0);
      all.forEach((a, i) => equal[part].forEach((b, j) => (out[i + j] += a * b)));
      return out;
    },
    [1],
  );
  const size = parts.reduce((sum, part) => sum + part, 0);
  return product.reduce((sum, c, b) => sum + c * together(B, n, b), 0) / B ** size;
}

/** The factors of the terms of E[(I − ηH_B)^{⊗4}], up to the order of the four places. */
function termsOf(
  { n }: Pick<Factors, "n">,
  population: number,
  { learningRate: eta, batchSize: B }: FourthMomentOptions,
) {
  const binomial = [1, 4, 6, 4, 1];
  // A sample of the examples stands for all of them: each of its sums is larger by population/n.
  const term = (count: number, ...parts: number[]): number => {
    const k = parts.reduce((sum, part) => sum + part, 0);
    const grown = (population / n) ** parts.length;
    return binomial[k] * (-eta) ** k * count * grown * chanceOf(parts, B, population);
  };
  return {
    ones: [
      1,
      term(1, 1) * n,
      term(1, 1, 1) * n ** 2,
      term(1, 1, 1, 1) * n ** 3,
      term(1, 1, 1, 1, 1) * n ** 4,
    ],
    pairs: [term(1, 2), term(3, 2, 1) * n, term(6, 2, 1, 1) * n ** 2],
    twoPairs: term(3, 2, 2),
    triples: [term(1, 3), term(4, 3, 1) * n],
    fours: term(1, 4),
  };
}

/** X ↦ E[(I − ηH_B)^{⊗4}] X on symmetric tensors [r, r, r, r]. */
class FourthMomentMap {
  private readonly terms: ReturnType<typeof termsOf>;
  private readonly pair: Float64Array;

  constructor(
    private readonly factors: Factors,
    options: FourthMomentOptions,
  ) {
    this.terms = termsOf(factors, drawnFrom(factors), options);
    this.pair = new Float64Array(factors.r ** 4);
  }

  apply(X: Float64Array): Float64Array {
    const { n, r, lambda } = this.factors;
    const { ones, twoPairs } = this.terms;
    const out = new Float64Array(X.length);
    let at = 0;
    for (let a = 0; a < r; a++)
      for (let b = 0; b < r; b++)
        for (let c = 0; c < r; c++) {
          const [two, three] = [lambda[a] * lambda[b], lambda[a] * lambda[b] * lambda[c]];
          for (let d = 0; d < r; d++, at++)
            out[at] =
              (ones[0] +
                ones[1] * lambda[a] +
                ones[2] * two +
                ones[3] * three +
                ones[4] * three * lambda[d]) *
              X[at];
        }
    this.pair.fill(0);
    for (let i = 0; i < n; i++) this.addExample(i, X, out);
    // Σᵢ Hᵢ ⊗ Hᵢ on the first two places, then again on the others.
    if (twoPairs !== 0) this.addTwoPairs(out);
    return symmetrized(out, r);
  }

  /** What one example's Hᵢ on two, three and four places adds. */
  private addExample(i: number, X: Float64Array, out: Float64Array): void {
    const { K, r, A, lambda } = this.factors;
    const { pairs, triples, fours } = this.terms;
    const rows = A.subarray(i * K * r, (i + 1) * K * r);
    const [r2, r3] = [r * r, r ** 3];
    // X with the first one, two, three, four places along the factor's columns.
    const once = along(rows, X, r3);
    const twice = slicesOf(once, K, r3).map((slice) => along(rows, slice, r2));
    const three = twice.map((of) => slicesOf(of, K, r2).map((slice) => along(rows, slice, r)));
    for (let k = 0; k < K; k++) {
      // What stands behind Aᵢₖ in the first place, [r, r, r].
      const behind = new Float64Array(r3);
      const pure = new Float64Array(r3);
      for (let l = 0; l < K; l++) {
        const two = twice[k].subarray(l * r2, (l + 1) * r2);
        const block = new Float64Array(r2);
        for (let c = 0; c < r; c++)
          for (let d = 0; d < r; d++)
            block[c * r + d] =
              (pairs[0] + pairs[1] * lambda[c] + pairs[2] * lambda[c] * lambda[d]) * two[c * r + d];
        for (let m = 0; m < K; m++) {
          const line = new Float64Array(r);
          const own = three[k][l].subarray(m * r, (m + 1) * r);
          for (let d = 0; d < r; d++) line[d] = (triples[0] + triples[1] * lambda[d]) * own[d];
          for (let q = 0; q < K; q++) {
            const row = rows.subarray(q * r, (q + 1) * r);
            axpy(fours * dot(row, own), row, line);
          }
          addOuter(rows.subarray(m * r, (m + 1) * r), line, block);
        }
        const row = rows.subarray(l * r, (l + 1) * r);
        addOuter(row, block, behind);
        addOuter(row, two, pure);
      }
      const row = rows.subarray(k * r, (k + 1) * r);
      addOuter(row, behind, out);
      addOuter(row, pure, this.pair);
    }
  }

  private addTwoPairs(out: Float64Array): void {
    const { n, K, r, A } = this.factors;
    const r2 = r * r;
    // The pair of places that are done comes last: then the others are first.
    const turned = new Float64Array(this.pair.length);
    for (let ab = 0; ab < r2; ab++)
      for (let cd = 0; cd < r2; cd++) turned[cd * r2 + ab] = this.pair[ab * r2 + cd];
    for (let i = 0; i < n; i++) {
      const rows = A.subarray(i * K * r, (i + 1) * K * r);
      const once = slicesOf(along(rows, turned, r ** 3), K, r ** 3);
      for (let k = 0; k < K; k++) {
        const twice = along(rows, once[k], r2);
        const behind = new Float64Array(r ** 3);
        for (let l = 0; l < K; l++)
          addOuter(rows.subarray(l * r, (l + 1) * r), twice.subarray(l * r2, (l + 1) * r2), behind);
        scale(this.terms.twoPairs, behind);
        addOuter(rows.subarray(k * r, (k + 1) * r), behind, out);
      }
    }
  }
}

/** A X: rows [K, r] on the first place of X [r, m], to [K, m]. */
function along(rows: Float64Array, X: Float64Array, m: number): Float64Array {
  const r = X.length / m;
  const out = new Float64Array((rows.length / r) * m);
  for (let k = 0; k * r < rows.length; k++) {
    const own = out.subarray(k * m, (k + 1) * m);
    for (let a = 0; a < r; a++) axpy(rows[k * r + a], X.subarray(a * m, (a + 1) * m), own);
  }
  return out;
}

const slicesOf = (values: Float64Array, count: number, size: number): Float64Array[] =>
  Array.from({ length: count }, (_, k) => values.subarray(k * size, (k + 1) * size));

/** out += row ⊗ rest. */
function addOuter(row: Float64Array, rest: Float64Array, out: Float64Array): void {
  const m = rest.length;
  for (let a = 0; a < row.length; a++) axpy(row[a], rest, out.subarray(a * m, (a + 1) * m));
}

/** The mean over all orders of the four places. */
function symmetrized(X: Float64Array, r: number): Float64Array {
  const out = new Float64Array(X.length);
  const at = (a: number, b: number, c: number, d: number): number => ((a * r + b) * r + c) * r + d;
  for (let a = 0; a < r; a++)
    for (let b = 0; b <= a; b++)
      for (let c = 0; c <= b; c++)
        for (let d = 0; d <= c; d++) {
          const places = ordersOf.map(([i, j, k, l]) => {
            const own = [a, b, c, d];
            return at(own[i], own[j], own[k], own[l]);
          });
          const mean = places.reduce((sum, place) => sum + X[place], 0) / places.length;
          for (const place of places) out[place] = mean;
        }
  return out;
}

const ordersOf: readonly (readonly number[])[] = [0, 1, 2, 3].flatMap((i) =>
  [0, 1, 2, 3].flatMap((j) =>
    [0, 1, 2, 3].flatMap((k) =>
      [0, 1, 2, 3].flatMap((l) => (new Set([i, j, k, l]).size === 4 ? [[i, j, k, l]] : [])),
    ),
  ),
);

/** The mean of g⊗g⊗g⊗g over normal g, of length 1: not orthogonal to any moment. */
function start(r: number): Float64Array {
  const X = new Float64Array(r ** 4);
  for (let a = 0; a < r; a++)
    for (let b = 0; b < r; b++) {
      X[((a * r + a) * r + b) * r + b] += 1;
      X[((a * r + b) * r + a) * r + b] += 1;
      X[((a * r + b) * r + b) * r + a] += 1;
    }
  scale(1 / norm(X), X);
  return X;
}

/**
 * The growth of E‖δ‖⁴ per step of plain SGD with batches drawn independently, each without replacement: the largest eigenvalue of
 * E[(I − ηH_B)^{⊗4}] on symmetric tensors, exactly for every B. A product with it costs 4nKr⁴ multiplications, and some dozen are taken.
 *
 * @returns  null where the time was over.
 * @source Ma & Ying, NeurIPS 2021, stability of a higher order; expectation over batches by partitions of the four places.
 */
export async function fourthMoment(
  factors: Factors,
  options: FourthMomentOptions,
): Promise<FourthMoment | null> {
  const { r, lambda } = factors;
  if (Number.isNaN(lambda[0])) return { growth: NaN, error: NaN };
  if (r === 0) return { growth: 1, error: 0 };
  const map = new FourthMomentMap(factors, options);
  const breather = new Breather();
  // Lanczos without reorthogonalization: the largest Ritz value converges all the same.
  const [diagonal, beside]: [number[], number[]] = [[], []];
  let [before, now]: Float64Array[] = [new Float64Array(r ** 4), start(r)];
  let found = { growth: NaN, error: Infinity };
  for (let step = 1; step <= mostProducts; step++) {
    const pause = breather.breathe();
    if (pause) await pause;
    if (options.over?.()) return null;
    const next = map.apply(now);
    if (step > 1) axpy(-beside[step - 2], before, next);
    const alpha = dot(next, now);
    axpy(-alpha, now, next);
    const beta = norm(next);
    diagonal.push(alpha);
    const T = new Float64Array(step * step);
    diagonal.forEach((value, i) => (T[i * step + i] = value));
    beside.forEach((value, i) => (T[i * step + i + 1] = T[(i + 1) * step + i] = value));
    const { values, vectors } = symmetricEigen(T, step);
    found = { growth: values[0], error: Math.abs(beta * vectors[step - 1]) };
    if (!(found.error > tolerance * Math.abs(found.growth)) || !(beta > 0)) break;
    scale(1 / beta, next);
    beside.push(beta);
    [before, now] = [now, next];
  }
  return found;
}
