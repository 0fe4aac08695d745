// How far float32 evaluation alone can move a curvature: the same quotient at copies of θ that differ by rounding.
import type { LinearOperator } from "../curvature/operator";
import type { Eigenpairs } from "../curvature/tracker";
import { dot } from "../util/linalg/vector";
import { Rng } from "../util/rng";
import type { Curved, Point } from "./point";

/** Copies of θ, and how many times their largest deviation counts as the error: two draws see a part of the spread. */
const [copies, margin] = [2, 4];
/** Share of the largest value that a float32 sum is wrong by, whatever the copies say: two units in the last place. */
const floor = 2 ** -22;
/** Relative change of every weight: two roundings, so that each is another float. */
const share = 2 ** -22;

/**
 * Absolute error of vᵀAv that float32 makes on the way through the network, A = `operatorOf(point)`, v its first eigenvector. θ itself is
 * known no better than to its rounding, and copies of it that differ by no more take other roundings everywhere: the spread of the
 * quotient over them holds both. Two units in the last place at least, and no more where the trainer gives no copies. Costs three products and two evaluations.
 * @source stochastic arithmetic (CESTAC): Vignes, Math. Comput. Simul. 1993, with the perturbation at the input.
 */
export async function evaluationError(
  point: Point,
  operatorOf: (at: Curved) => LinearOperator,
  { values, vectors }: Pick<Eigenpairs, "values" | "vectors">,
): Promise<number> {
  const least = floor * Math.abs(values[0]);
  const v = vectors.at(0);
  if (!point.nearby || !v) return least;
  const product = new Float32Array(v.length);
  const quotient = async (at: Curved): Promise<number> => {
    await operatorOf(at).apply(v, product);
    return dot(v, product);
  };
  const own = await quotient(point);
  const rng = new Rng(point.seed, "rounding");
  let most = 0;
  for (let i = 0; i < copies; i++) {
    const theta = point.theta.map((x) => x * (1 + share * (2 * rng.uniform() - 1)));
    most = Math.max(most, Math.abs((await quotient(point.nearby(theta))) - own));
  }
  return margin * most + least;
}
