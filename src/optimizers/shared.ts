// Keys that several optimizers have, and those that every one has.
import type { SchemaNode } from "../protocol/experimentSchema";
import { ref } from "../protocol/fragment";

/** What the keys mean, by the name they are referred to. */
export const optimizerDefinitions: Readonly<Record<string, SchemaNode>> = {
  beta1: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    markdownDescription:
      "Decay β₁ of the running mean of the gradient. Full batch is stable iff λmax(P^-½ H P^-½) ≤ (2+2β₁)/((1−β₁)η): 38/η at 0.9.",
  },
  beta2: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    markdownDescription:
      "Decay β₂ of the running mean square of the gradient, v̂, which makes the preconditioner P = √v̂ + ε.",
  },
  epsilon: {
    type: "number",
    minimum: 0,
    maximum: 1000,
    markdownDescription: "ε in the preconditioner P = √v̂ + ε, in loss/θ.",
  },
  weightDecay: {
    type: "number",
    minimum: 0,
    maximum: 1000000,
    markdownDescription:
      "Weight decay w: wθ is added to the gradient (L2, as in PyTorch), which shifts the Hessian that stability sees to H + wI.",
    examples: [0.0001, 0.01],
  },
  clip: {
    type: "number",
    exclusiveMinimum: 0,
    markdownDescription:
      "Gradient clipping: a gradient whose norm is above this is scaled down to it, as torch.nn.utils.clip_grad_norm_ does. Default: none.",
    examples: [1],
  },
  learningRate: {
    type: "number",
    exclusiveMinimum: 0,
    markdownDescription:
      "Learning rate η > 0, in θ²/loss, so η·sharpness is dimensionless. Gradient descent is linearly stable at a minimum iff sharpness ≤ 2/η.",
    examples: [0.01, 0.1, 1],
  },
  batchSize: {
    anyOf: [{ type: "integer", minimum: 1 }, { const: "full" }],
    markdownDescription:
      'Examples per step, drawn without replacement as `sampling` says. `"full"` uses all of them: gradient descent.',
    examples: ["full", 32],
  },
  momentum: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    markdownDescription:
      "Momentum β: v ← βv − η∇L, θ ← θ + v. Full batch is stable iff sharpness ≤ (2+2β)/η.",
    examples: [0.9],
  },
  sampling: {
    enum: ["epochs", "independent"],
    enumDescriptions: [
      "An epoch is a fresh permutation, cut into batches; what is left over at its end is not used in it.",
      "Each batch is drawn anew, without replacement inside it.",
    ],
    default: "epochs",
    description: "How mini-batches are drawn.",
  },
  targetNoise: {
    type: "number",
    minimum: 0,
    maximum: 1000000,
    markdownDescription:
      "Deviation of the fresh Gaussian noise that every step adds to its targets, in units of the targets; for losses of real-valued targets. Default: none. Fixed noise in the data is `data.labelNoise`, or `data.noise`.",
    examples: [0.05],
  },
  warmup: {
    type: "integer",
    minimum: 0,
    maximum: 1000000000,
    markdownDescription: "Steps of linear warm-up W: step t < W uses (t+1)/W of the learning rate.",
  },
};

/** An optimizer's own keys among those of every optimizer, in the order they are suggested. */
export const optimizerKeys = (own: Readonly<Record<string, SchemaNode>>): Record<string, SchemaNode> => ({
  learningRate: ref("learningRate"),
  batchSize: ref("batchSize", { default: "full" }),
  sampling: ref("sampling"),
  ...own,
  weightDecay: own.weightDecay ?? ref("weightDecay", { default: 0 }),
  schedule: ref("schedule"),
  clip: ref("clip"),
  labelNoise: ref("targetNoise"),
});
