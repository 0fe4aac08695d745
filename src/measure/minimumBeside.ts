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

/** The eigenvectors of the Gauss–Newton matrix with λ > 0, never written down: u_a = G A_a / (nλ_a). */
class SharpSpan {
  constructor(
    private readonly point: Point,
    readonly factors: Factors,
  ) {}

  /** u_aᵀx, [r]. One product. */
  async coordinates(x: Float32Array): Promise<Float64Array> {
    const { n, r, A, lambda } = this.factors;
    const q = await this.point.factors!.factorCoordinates(x);
    const z = new Float64Array(r);
    for (let i = 0; i < q.length; i++) for (let a = 0; a < r; a++) z[a] += A[i * r + a] * q[i];
    return z.map((value, a) => value / (n * lambda[a]));
  }

  /** Σ z_a u_a, [P]. Half a product. */
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
    return out;
  }

  /** P_flat x, [P]. */
  async flat(x: Float32Array): Promise<Float32Array> {
    const out = x.slice();
    axpy(-1, await this.vector(await this.coordinates(x)), out);
    return out;
  }
}

async function spanAt(point: Point): Promise<SharpSpan> {
  const { examples: n, outputs: K, gemm } = point;
  const all = await factorSpectrum(await point.factors!.gram(), { n, K }, "all", gemm);
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
 * The minimum beside a point: θ ← θ − H⁺∇L in the sharp directions, H the Gauss–Newton matrix, a step halved while it raises the loss.
 * What a run swings around has residuals of its own; those at θ are the swing's for the most part.
 *
 * @returns  null where that leads to none. A step costs a gradient, a Gram matrix and its decomposition.
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
    const z = await span.coordinates(gradient);
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
