// The optimizer as it stands at a point: the rate in force, its linear dynamics, and the preconditioner its state makes.
import { learningRateAt, optimizerOf } from "../../optimizers";
import type { Descent, Motion } from "../../measure/point";
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
  const learningRate = step === null ? spec.learningRate : learningRateAt(spec, step);
  const motion = motionOf(spec, { slots, count }, { learningRate, size: gradient.length });
  const base = {
    ...dynamics,
    ...(dynamics.radius !== undefined && { gradNorm: norm(gradient) }),
    learningRate,
    ...(motion && { motion }),
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

/** Null where the flow beside such an optimizer is not known: a clipped gradient is none of those it is made of. */
function motionOf(
  spec: OptimizerSpec,
  { slots, count }: Pick<OptimizerState, "slots" | "count">,
  { learningRate, size }: { readonly learningRate: number; readonly size: number },
): Motion | null {
  const optimizer = optimizerOf(spec);
  const carried = spec.clip === undefined ? optimizer.centralFlow?.(spec) : null;
  if (!carried) return null;
  const names = optimizer.slots(spec);
  const { preconditioner } = optimizer;
  const { velocity, decay } = carried;
  return {
    state: () => names.map((name) => slots.get(name)?.slice() ?? new Float32Array(size)),
    update: (theta, gradient, state) =>
      optimizer.update(spec, { learningRate, theta, gradient, state, count }),
    ...(velocity !== undefined && { velocity: names.indexOf(velocity) }),
    ...(decay !== undefined &&
      preconditioner && {
        squares: {
          slot: names.indexOf(preconditioner.slot),
          decay,
          preconditioner: (square: Float32Array) => {
            const P = new Float32Array(size);
            preconditioner.write(spec, square, count, P);
            return P;
          },
        },
      }),
  };
}
