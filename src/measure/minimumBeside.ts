// The minimum beside a point, and the directions in which the loss curves there.
import { factorSpectrum, truncate, type Factors } from "../stability/secondMoment";
import { axpy, dot, scale } from "../util/linalg/vector";
import type { Point } from "./point";

/** Curvatures below this share of the sharpest are flat: along them nothing holds a run. */
const flatBelow = 1e-6;
/** Newton steps to the minimum at most, and how often one is halved. */
const [mostSteps, halvings] = [12, 5];
/** Root mean square of what is left, over that of the outputs, below which every example is fitted: float32 tells no less. */
const fitted = 3e-6;
/** Share of the loss that a Newton step may still take off at a minimum that fits not all. */
const reached = 1e-4;

/**
 * The eigenvectors of the Gauss–Newton matrix with λ > 0, never written down: w_a = P^{-1}G A_a / (nλ_a), P^{1/2}w_a those of
 * P^{-1/2}HP^{-1/2}, orthonormal. P = I without a preconditioner.
 */
class SharpSpan {
  constructor(
    private readonly point: Point,
    readonly factors: Factors,
  ) {}

  /** P^{-1}x, in place. */
  private unweighted(x: Float32Array): Float32Array {
    const { preconditioner: P } = this.point.descent;
    if (P) for (let i = 0; i < x.length; i++) x[i] /= P[i];
    return x;
  }

  /** z with Σ z_a w_a the part of a displacement x along them, w_aᵀPx, [r]. One product. */
  async coordinates(x: Float32Array): Promise<Float64Array> {
    const { n, r, A, lambda } = this.factors;
    const q = await this.point.factors!.factorCoordinates(x);
    const z = new Float64Array(r);
    for (let i = 0; i < q.length; i++) for (let a = 0; a < r; a++) z[a] += A[i * r + a] * q[i];
    return z.map((value, a) => value / (n * lambda[a]));
  }

  /** Σ z_a w_a, [P]. Half a product. */
  async vector(z: Float64Array): Promise<Float32Array> {
    const { n, K, r, A, lambda } = this.factors;
    const c = new Float32Array(n * K);
    for (let i = 0; i < c.length; i++) {
      let sum = 0;
      for (let a = 0; a < r; a++) sum += (A[i * r + a] * z[a]) / lambda[a];
      c[i] = sum;
    }
    const out = new Float32Array(this.point.size);
    await this.point.factors!.pushFactors(c, out);
    return this.unweighted(out);
  }

  /** w_aᵀx of a gradient x, [r]. One product. */
  slopes(x: Float32Array): Promise<Float64Array> {
    return this.coordinates(this.unweighted(x.slice()));
  }

  /** The part of a displacement across them, [P]. */
  async flat(x: Float32Array): Promise<Float32Array> {
    const out = x.slice();
    axpy(-1, await this.vector(await this.coordinates(x)), out);
    return out;
  }

  /** The displacement along a gradient, P^{-1}x, and only its part across them, [P]. */
  async flatDescent(x: Float32Array): Promise<Float32Array> {
    return this.flat(this.unweighted(x.slice()));
  }
}

/** GᵀP^{-1}G, [nK, nK]: of the factors' own Gram matrix, and for a preconditioner a product for each row. */
async function gramOf({ factors, examples, outputs, size, descent }: Point): Promise<Float32Array> {
  const { preconditioner: P } = descent;
  if (P === null) return factors!.gram();
  const rows = examples * outputs;
  const gram = new Float32Array(rows * rows);
  const one = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    // What is pushed is divided by n.
    one[row] = examples;
    const column = new Float32Array(size);
    await factors!.pushFactors(one, column);
    one[row] = 0;
    gram.set(await factors!.factorCoordinates(column.map((value, i) => value / P[i])), row * rows);
  }
  // What rounding makes of a symmetric matrix.
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) {
      const mean = (gram[i * rows + j] + gram[j * rows + i]) / 2;
      gram[i * rows + j] = gram[j * rows + i] = mean;
    }
  return gram;
}

async function spanAt(point: Point): Promise<SharpSpan> {
  const { examples: n, outputs: K, gemm } = point;
  const all = await factorSpectrum(await gramOf(point), { n, K }, "all", gemm);
  const kept = all.lambda.filter((value) => value > flatBelow * all.lambda[0]).length;
  return new SharpSpan(point, truncate(all, kept));
}

export interface Minimum {
  readonly point: Point;
  readonly span: SharpSpan;
  /** √M (f − y), [nK]; null where every example is fitted. */
  readonly residual: Float64Array | null;
  /** M. */
  readonly curvature: number;
}

const meanSquare = (x: Float32Array | Float64Array): number => dot(x, x) / x.length;

/**
 * The minimum beside a point: θ ← θ − H⁺∇L in the sharp directions, H the Gauss–Newton matrix, in the metric of the
 * optimizer's preconditioner, a step halved while it raises the loss.
 * What a run swings around has residuals of its own; those at θ are the swing's for the most part.
 *
 * @returns  null where that leads to none. A step costs a gradient, a Gram matrix (with a preconditioner nK products) and its decomposition.
 */
export async function minimumBeside(start: Point): Promise<Minimum | null> {
  let point = start;
  for (let step = 0; step < mostSteps; step++) {
    const span = await spanAt(point);
    const { loss, gradient, outputs } = await point.evaluate();
    const { values, curvature } = await point.residuals!();
    if (!Number.isFinite(loss) || Number.isNaN(span.factors.lambda[0])) return null;
    if (meanSquare(values) <= fitted ** 2 * curvature * meanSquare(outputs))
      return { point, span, residual: null, curvature };
    const z = await span.slopes(gradient);
    const gain = z.reduce((sum, value, a) => sum + (value * value) / span.factors.lambda[a], 0) / 2;
    if (gain <= reached * loss) return { point, span, residual: values, curvature };
    const move = await span.vector(z.map((value, a) => value / span.factors.lambda[a]));
    let next: Point | null = null;
    for (let half = 0; half <= halvings && next === null; half++, scale(0.5, move)) {
      const candidate = point.elsewhere!(point.theta.map((value, i) => value - move[i]));
      if ((await candidate.evaluate()).loss < loss) next = candidate;
    }
    if (next === null) return null;
    point = next;
  }
  return null;
}
