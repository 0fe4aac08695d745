// How far float32 evaluation alone can move a curvature: the same quotient at copies of θ that differ by rounding.
import type { LinearOperator } from "../curvature/operator";
import type { Eigenpairs } from "../curvature/tracker";
import { dot, norm as norm2 } from "../util/linalg/vector";
import { Rng } from "../util/rng";
import type { Curved, Point } from "./point";

/** Copies of θ, and how many times their largest deviation counts as the error: a few draws see a part of the spread. */
const [copies, margin] = [4, 4];
/** Share of the largest value that a float32 sum is wrong by, whatever the copies say: two units in the last place. */
const floor = 2 ** -22;
/** Relative change of every weight: two roundings, so that each is another float. */
const share = 2 ** -22;

/**
 * Absolute error that float32 makes of a number computed at a point, on the way through the network. θ itself is known no better than to
 * its rounding, and copies of it that differ by no more take other roundings everywhere: the spread over them holds both. 0 where the
 * trainer gives no copies. Costs five evaluations of `valueAt`.
 * @source stochastic arithmetic (CESTAC): Vignes, Math. Comput. Simul. 1993, with the perturbation at the input.
 */
export async function spreadOf(point: Point, valueAt: (at: Curved) => Promise<number>): Promise<number> {
  if (!point.nearby) return 0;
  const own = await valueAt(point);
  const rng = new Rng(point.seed, "rounding");
  let most = 0;
  for (let i = 0; i < copies; i++) {
    const theta = point.theta.map((x) => x * (1 + share * (2 * rng.uniform() - 1)));
    most = Math.max(most, Math.abs((await valueAt(point.nearby(theta))) - own));
  }
  return margin * most;
}

/**
 * The same of vᵀAv, A = `operatorOf(point)`, v its first eigenvector; two units in the last place of the eigenvalue at least. Costs five
 * products and evaluations.
 */
export async function evaluationError(
  point: Point,
  operatorOf: (at: Curved) => LinearOperator,
  { values, vectors }: Pick<Eigenpairs, "values" | "vectors">,
): Promise<number> {
  const least = floor * Math.abs(values[0]);
  const v = vectors.at(0);
  if (!v) return least;
  const product = new Float32Array(v.length);
  const quotient = async (at: Curved): Promise<number> => {
    await operatorOf(at).apply(v, product);
    return dot(v, product);
  };
  return (await spreadOf(point, quotient)) + least;
}

/** The same of trace and Frobenius norm of the Hessian, by products with one vector of random signs: E zᵀHz = tr H, E ‖Hz‖² = ‖H‖_F². */
export async function momentErrors(
  point: Point,
  frobenius: number,
): Promise<{ readonly trace: number; readonly frobenius: number }> {
  const rng = new Rng(point.seed, "moments");
  const z = Float32Array.from({ length: point.size }, () => (rng.uint32() & 1 ? 1 : -1));
  const product = new Float32Array(point.size);
  const along = async (at: Curved): Promise<void> => at.hessian().apply(z, product);
  const trace = await spreadOf(point, async (at) => {
    await along(at);
    return dot(z, product);
  });
  const norm = await spreadOf(point, async (at) => {
    await along(at);
    return norm2(product);
  });
  const least = floor * frobenius;
  return { trace: trace + least, frobenius: norm + least };
}
