// How far float32 evaluation alone can move a curvature: the same quotient at copies of θ that differ by rounding.
import type { LinearOperator } from "../curvature/operator";
import { Rng } from "../util/rng";
import { BudgetSpent } from "./budget";
import type { Nearby, Point } from "./point";
import type { Task } from "./probe";

/** Copies of θ, and how many times their largest deviation counts as the error: a few draws see a part of the spread. */
const [copies, margin] = [5, 3];
/** The same of trace and norm, whose copies cost a product per parameter. */
const [momentCopies, momentMargin] = [3, 4];
/** What is smaller may be lost altogether: float32's smallest number with all its digits. */
const smallest = 2 ** -126;
/** Share of the largest value that a float32 sum is wrong by, whatever the copies say: two units in the last place. */
const floor = 2 ** -22;
/** Relative change of every weight: two roundings, so that each is another float. */
const share = 2 ** -22;

/** The point at copies of θ; none where the trainer gives none. */
function* copiesOf(point: Point, count: number, once: boolean): Generator<Nearby> {
  const rng = new Rng(point.seed, "rounding");
  for (let i = 0; point.nearby && i < count; i++)
    yield point.nearby(
      point.theta.map((x) => x * (1 + share * (2 * rng.uniform() - 1))),
      once,
    );
}

/** A number as it was computed, the vector [P] that belongs to it, and the same number along that vector at another θ. */
interface Along {
  readonly value: number;
  readonly vector: Float32Array | undefined;
  readonly at: (there: Nearby, vector: Float32Array) => Promise<number>;
}

/**
 * Absolute error that float32 makes of a curvature vᵀAv on the way through the network; a reading while training does without, and one
 * whose time is over. θ itself is known no better than to its rounding, and copies of it that differ by no more take other roundings
 * everywhere: their distances from the number hold both. The copies are evaluated by formulas that keep their digits in saturation, where
 * all copies round alike, and forwards alone, which rounds otherwise than the products that the number comes from. Two units in its last
 * place at least, and no more where the trainer gives no copies. Costs five evaluations along v.
 * @source stochastic arithmetic (CESTAC): Vignes, Math. Comput. Simul. 1993, with the perturbation at the input.
 */
export async function roundingOf(
  { point, effort, budget }: Task,
  { value, vector, at }: Along,
): Promise<number> {
  if (effort !== "closing" || budget.over()) return 0;
  const least = floor * Math.abs(value) + smallest;
  if (!vector) return least;
  let most = 0;
  try {
    for (const copy of copiesOf(point, copies, true))
      most = Math.max(most, Math.abs((await at(copy, vector)) - value));
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    return 0;
  }
  return margin * most + least;
}

/** The same of trace and Frobenius norm of the Hessian where each is made of a product per parameter; three times as many products again. */
export async function momentErrors(
  point: Point,
  own: Moments,
  momentsOf: (op: LinearOperator) => Promise<Moments>,
): Promise<Moments> {
  const most = { trace: 0, frobenius: 0 };
  for (const copy of copiesOf(point, momentCopies, false)) {
    const there = await momentsOf(copy.hessian());
    most.trace = Math.max(most.trace, Math.abs(there.trace - own.trace));
    most.frobenius = Math.max(most.frobenius, Math.abs(there.frobenius - own.frobenius));
  }
  const least = floor * own.frobenius + smallest;
  return { trace: momentMargin * most.trace + least, frobenius: momentMargin * most.frobenius + least };
}

interface Moments {
  readonly trace: number;
  readonly frobenius: number;
}
