// Adam with weight decay apart from the gradient, exactly as torch.optim.AdamW updates.
import type { AdamwSpec } from "../protocol/experiment";
import { adamPreconditioner, adamSlots, adamStep } from "./adamMoments";
import type { Optimizer } from "./optimizer";

/**
 * θ ← (1 − ηw) θ, then Adam's step. The decay is the same in every coordinate, so it passes through P^{1/2}: see `sharpnessLimit` for
 * what it does to the limit.
 * @source Loshchilov & Hutter, ICLR 2019, algorithm 2, with the schedule multiplying both as in PyTorch.
 */
export const adamw: Optimizer<AdamwSpec> = {
  kind: "adamw",
  hyperparameters: ["beta1", "beta2", "epsilon"],
  slots: () => adamSlots,
  update(spec, eta, theta, gradient, state, count) {
    const keep = 1 - eta * spec.weightDecay;
    for (let i = 0; i < theta.length; i++) theta[i] *= keep;
    adamStep(spec, eta, 0, theta, gradient, state, count);
  },
  dynamics: ({ beta1, weightDecay }) => ({
    momentum: beta1,
    gain: 1 - beta1,
    decoupledDecay: weightDecay,
  }),
  preconditioner: adamPreconditioner,
  samples: [{ weightDecay: 0 }, { beta1: 0, weightDecay: 1 }, { beta1: 0.5, weightDecay: 1 }],
};
