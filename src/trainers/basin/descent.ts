// The optimizer as it stands at a point: the rate in force, its linear dynamics, and the preconditioner its state makes.
import { learningRateAt, optimizerOf } from "../../optimizers";
import type { Descent } from "../../measure/point";
import type { OptimizerSpec } from "../../protocol/experiment";
import { norm } from "../../util/linalg/vector";

/** What is left of an optimizer at some step. */
export interface OptimizerState {
  /** Step that comes next; null where nothing trains and no schedule applies. */
  readonly step: number | null;
  /** State by slot name, each [d], after `count` updates. */
  readonly slots: ReadonlyMap<string, Float32Array>;
  readonly count: number;
}

/**
 * @param gradient  ∇L at the point, [d]: stands in for the root mean square of the gradient while there is no state. A gradient that
 *   stays as it is brings the running mean there. Its norm is what SAM's threshold takes.
 */
export function descentOf(
  spec: OptimizerSpec,
  { step, slots, count }: OptimizerState,
  gradient: Float32Array,
): Descent {
  const optimizer = optimizerOf(spec);
  const { preconditioner } = optimizer;
  const dynamics = optimizer.dynamics(spec);
  const base = {
    ...dynamics,
    ...(dynamics.radius !== undefined && { gradNorm: norm(gradient) }),
    learningRate: step === null ? spec.learningRate : learningRateAt(spec, step),
  };
  if (!preconditioner) return { ...base, preconditioner: null, settled: true };
  const square = slots.get(preconditioner.slot);
  const P = new Float32Array(gradient.length);
  const settled = square !== undefined && count > 0;
  // After very many updates the bias correction is 1.
  if (settled) preconditioner.write(spec, square, count, P);
  else
    preconditioner.write(
      spec,
      gradient.map((g) => g * g),
      1e9,
      P,
    );
  return { ...base, preconditioner: P, settled };
}
