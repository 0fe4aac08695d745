// The learning rate at a step: a linear warm-up, then one of three shapes. A function of the step alone, so a resume is exact.
import { ref, type Fragment } from "../protocol/fragment";
import type { OptimizerSpec, ScheduleSpec } from "../protocol/experiment";

type SpecOf<Kind extends ScheduleSpec["kind"]> = Extract<ScheduleSpec, { readonly kind: Kind }>;

interface Shape<Kind extends ScheduleSpec["kind"]> {
  readonly spec: Fragment;
  /** Factor at `t` steps after the warm-up. */
  factor(spec: SpecOf<Kind>, t: number): number;
}

const warmup = ref("warmup", { default: 0 });

/** In the order they are suggested; the first is the default. */
export const schedules: { readonly [Kind in ScheduleSpec["kind"]]: Shape<Kind> } = {
  constant: {
    spec: {
      about: "The learning rate itself, after the warm-up.",
      properties: { warmup },
      snippets: [{ label: "warm-up", body: { kind: "constant", warmup: "^${1:100}" } }],
    },
    factor: () => 1,
  },
  cosine: {
    spec: {
      about: "Falls along a half cosine, as torch.optim.lr_scheduler.CosineAnnealingLR.",
      properties: {
        warmup,
        steps: {
          type: "integer",
          minimum: 1,
          maximum: 1000000000000,
          markdownDescription:
            "Step at which the final learning rate is reached, warm-up included; it stays there. Default: `stop.steps`.",
        },
        final: {
          type: "number",
          minimum: 0,
          maximum: 1,
          default: 0,
          description: "Final learning rate as a fraction of `learningRate`.",
        },
      },
      filled: ["steps"],
      snippets: [
        {
          label: "warm-up and cosine decay",
          body: { kind: "cosine", warmup: "^${1:100}", final: "^${2:0}" },
        },
      ],
    },
    factor: ({ steps, warmup, final }, t) => {
      const done = Math.min(1, t / Math.max(1, steps - warmup));
      return final + ((1 - final) * (1 + Math.cos(Math.PI * done))) / 2;
    },
  },
  step: {
    spec: {
      about: "Falls by a factor at equal distances, as torch.optim.lr_scheduler.StepLR.",
      required: ["every"],
      properties: {
        warmup,
        every: {
          type: "integer",
          minimum: 1,
          description:
            "Steps from one fall of the learning rate to the next, counted from the end of the warm-up.",
        },
        factor: {
          type: "number",
          exclusiveMinimum: 0,
          maximum: 1,
          default: 0.1,
          description: "What the learning rate is multiplied by each time.",
        },
      },
      snippets: [{ label: "step decay", body: { kind: "step", every: "^${1:1000}", factor: "^${2:0.1}" } }],
    },
    factor: ({ every, factor }, t) => factor ** Math.floor(t / every),
  },
};

/**
 * Learning rate of step `step`, which counts from 0. Warm-up over W steps uses (step + 1)/W of it: PyTorch's LinearLR from 1/W over
 * W − 1 steps. Cosine is CosineAnnealingLR over the steps after the warm-up and then stays; step is StepLR.
 */
export function learningRateAt({ learningRate, schedule }: OptimizerSpec, step: number): number {
  if (!schedule) return learningRate;
  if (step < schedule.warmup) return (learningRate * (step + 1)) / schedule.warmup;
  // The kind picks the shape for its own spec.
  const shape = schedules[schedule.kind] as Shape<ScheduleSpec["kind"]>;
  return learningRate * shape.factor(schedule, step - schedule.warmup);
}
