// Adam with weight decay apart from the gradient, exactly as torch.optim.AdamW updates.
import { ref } from "../protocol/fragment";
import type { AdamwSpec } from "../protocol/experiment";
import { adamLimit, adamPreconditioner, adamSlots, adamStep, adamWords, betas } from "./adamMoments";
import type { Optimizer } from "./optimizer";
import { optimizerKeys } from "./shared";

/**
 * θ ← (1 − ηw) θ, then Adam's step. The decay is the same in every coordinate, so it passes through P^{1/2}: see `sharpnessLimit` for
 * what it does to the limit.
 * @source Loshchilov & Hutter, ICLR 2019, algorithm 2, with the schedule multiplying both as in PyTorch.
 */
export const adamw: Optimizer<AdamwSpec> = {
  kind: "adamw",
  spec: {
    about: "Adam with weight decay apart from the gradient, as torch.optim.AdamW.",
    properties: optimizerKeys({
      ...betas,
      weightDecay: ref("weightDecay", {
        default: 0.01,
        markdownDescription:
          "Decoupled weight decay w: θ ← (1 − ηw)θ before each step, apart from the gradient. PyTorch's default, 0.01.",
      }),
    }),
    rules: [
      {
        at: "weightDecay",
        when: [{ key: "learningRate × weightDecay", atLeast: 2 }],
        message:
          "`learningRate` times `weightDecay` is {learningRate × weightDecay}; from 2 on the decay alone makes every weight grow.",
        hint: "Lower one of the two.",
      },
    ],
    snippets: [
      {
        label: "AdamW with warm-up and cosine decay",
        body: {
          kind: "adamw",
          learningRate: "^${1:0.001}",
          batchSize: "^${2:32}",
          schedule: { kind: "cosine", warmup: "^${3:100}" },
        },
      },
    ],
    words: adamWords,
    limit: adamLimit,
  },
  slots: () => adamSlots,
  update(spec, step) {
    const { learningRate, theta } = step;
    const keep = 1 - learningRate * spec.weightDecay;
    for (let i = 0; i < theta.length; i++) theta[i] *= keep;
    adamStep(spec, step, 0);
  },
  dynamics: ({ beta1, weightDecay }) => ({
    momentum: beta1,
    gain: 1 - beta1,
    decoupledDecay: weightDecay,
  }),
  preconditioner: adamPreconditioner,
  samples: [{ weightDecay: 0 }, { beta1: 0, weightDecay: 1 }, { beta1: 0.5, weightDecay: 1 }],
};
