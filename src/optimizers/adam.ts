// Adam with weight decay in the gradient, exactly as torch.optim.Adam updates.
import type { AdamSpec } from "../protocol/experiment";
import { adamLimit, adamPreconditioner, adamSlots, adamStep, adamWords, betas } from "./adamMoments";
import type { Optimizer } from "./optimizer";
import { optimizerKeys } from "./shared";

/**
 * With P frozen and the bias corrections gone, m ← β₁ m + (1 − β₁) g is heavy ball: v = −η m obeys v ← β₁ v − η(1 − β₁) g.
 * So the momentum is β₁, the effective learning rate η(1 − β₁), and the limit (2 + 2β₁)/((1 − β₁)η).
 * @source Cohen et al. 2022, "Adaptive gradient methods at the edge of stability", §2.
 */
export const adam: Optimizer<AdamSpec> = {
  kind: "adam",
  spec: {
    about: "RMSProp with a running mean of the gradient, both bias-corrected, as torch.optim.Adam.",
    properties: optimizerKeys(betas),
    snippets: [{ label: "Adam", body: { kind: "adam", learningRate: "^${1:0.001}", batchSize: "^${2:32}" } }],
    words: adamWords,
    limit: adamLimit,
  },
  slots: () => adamSlots,
  update(spec, step) {
    adamStep(spec, step, spec.weightDecay);
  },
  dynamics: ({ beta1, weightDecay }) => ({ momentum: beta1, gain: 1 - beta1, weightDecay }),
  preconditioner: adamPreconditioner,
  samples: [{ beta1: 0 }, { beta1: 0.5 }, { weightDecay: 0.3 }],
};
