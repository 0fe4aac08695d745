// The learning rate at a step: a linear warm-up, then one of three shapes. A function of the step alone, so a resume is exact.
import type { OptimizerSpec, ScheduleSpec } from "../protocol/experiment";

/** Factor at `t` steps after the warm-up. */
const shapes: {
  readonly [Kind in ScheduleSpec["kind"]]: (
    spec: Extract<ScheduleSpec, { readonly kind: Kind }>,
    t: number,
  ) => number;
} = {
  constant: () => 1,
  cosine: ({ steps, warmup, final }, t) => {
    const done = Math.min(1, t / Math.max(1, steps - warmup));
    return final + ((1 - final) * (1 + Math.cos(Math.PI * done))) / 2;
  },
  step: ({ every, factor }, t) => factor ** Math.floor(t / every),
};

/**
 * Learning rate of step `step`, which counts from 0. Warm-up over W steps uses (step + 1)/W of it: PyTorch's LinearLR from 1/W over
 * W − 1 steps. Cosine is CosineAnnealingLR over the steps after the warm-up and then stays; step is StepLR.
 */
export function learningRateAt({ learningRate, schedule }: OptimizerSpec, step: number): number {
  if (!schedule) return learningRate;
  if (step < schedule.warmup) return (learningRate * (step + 1)) / schedule.warmup;
  // The kind picks the shape for its own spec.
  const shape = shapes[schedule.kind] as (spec: ScheduleSpec, t: number) => number;
  return learningRate * shape(schedule, step - schedule.warmup);
}
