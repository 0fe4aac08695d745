// Stochastic gradient descent with heavy-ball or Nesterov momentum, exactly as torch.optim.SGD updates.
import { ref } from "../protocol/fragment";
import type { SgdSpec } from "../protocol/experiment";
import type { Optimizer } from "./optimizer";
import { optimizerKeys } from "./shared";

/**
 * g ← ∇L + wθ; v ← β v + g; θ ← θ − η v (heavy ball) or θ ← θ − η (g + β v) (Nesterov).
 * With `sam` the gradient is that at θ + r∇L/‖∇L‖, which the stepper takes, see there.
 * With constant η this is theory.md's v ← β v − η ∇, θ ← θ + v, with v scaled by −η. Each line rounds once to float32.
 */
export const sgd: Optimizer<SgdSpec> = {
  kind: "sgd",
  spec: {
    about:
      "Gradient descent, full batch or mini-batch, with heavy-ball or Nesterov momentum, as torch.optim.SGD.",
    properties: optimizerKeys({
      momentum: ref("momentum", { default: 0 }),
      nesterov: {
        type: "boolean",
        default: false,
        markdownDescription:
          "Nesterov's momentum instead of heavy-ball: the gradient is taken at θ + βv. Needs `momentum` > 0. Stable iff λmax ≤ (2+2β)/((1+2β)η).",
      },
      sam: {
        type: "object",
        additionalProperties: false,
        required: ["radius"],
        markdownDescription:
          "Sharpness-aware minimization: every step takes its gradient at θ + r∇L/‖∇L‖, for the price of two. Full batch swings at sharpness (‖∇L‖/2r)(√(1 + 8r/(η‖∇L‖)) − 1), below 2/η. Default: none.",
        examples: [{ radius: 0.05 }],
        properties: {
          radius: {
            type: "number",
            exclusiveMinimum: 0,
            maximum: 1000,
            description: "Length r of the step up the slope, in units of θ.",
            examples: [0.05],
          },
        },
      },
    }),
    rules: [
      {
        at: "nesterov",
        when: [
          { key: "nesterov", is: true },
          { key: "momentum", is: 0 },
        ],
        message: "`nesterov` is true but `momentum` is 0; expected momentum between 0 and 1.",
        hint: 'Give "momentum", e.g. 0.9, or set "nesterov" to false.',
      },
    ],
    snippets: [
      { label: "gradient descent", body: { kind: "sgd", learningRate: "^${1:0.1}", batchSize: "full" } },
      { label: "mini-batch SGD", body: { kind: "sgd", learningRate: "^${1:0.1}", batchSize: "^${2:32}" } },
      {
        label: "SGD with momentum",
        body: { kind: "sgd", learningRate: "^${1:0.1}", batchSize: "^${2:32}", momentum: 0.9 },
      },
    ],
    words: [
      { text: "SAM {sam.radius}", when: [{ key: "sam", given: true }] },
      {
        text: "Nesterov {momentum}",
        when: [
          { key: "momentum", above: 0 },
          { key: "nesterov", is: true },
        ],
      },
      {
        text: "momentum {momentum}",
        when: [
          { key: "momentum", above: 0 },
          { key: "nesterov", is: false },
        ],
      },
    ],
    limit: [
      {
        text: "(‖∇L‖/2r)(√(1 + 4rS/‖∇L‖) − 1), S the limit of plain steps · Long & Bartlett 2023",
        when: [{ key: "sam", given: true }],
      },
      { text: "2/η · Cohen et al., ICLR 2021", when: [{ key: "momentum", is: 0 }] },
      { text: "(2 + 2β)/((1 + 2β)η) · Cohen et al., ICLR 2021", when: [{ key: "nesterov", is: true }] },
      { text: "(2 + 2β)/η · Cohen et al., ICLR 2021" },
    ],
  },
  slots: ({ momentum }) => (momentum > 0 ? ["momentum"] : []),
  update({ momentum, nesterov, weightDecay }, { learningRate, theta, gradient, state: [velocity] }) {
    const d = theta.length;
    if (momentum === 0) {
      for (let i = 0; i < d; i++) theta[i] -= learningRate * (gradient[i] + weightDecay * theta[i]);
      return;
    }
    const velocityFactor = nesterov ? momentum : 1;
    for (let i = 0; i < d; i++) {
      const g = gradient[i] + weightDecay * theta[i];
      velocity[i] = momentum * velocity[i] + g;
      theta[i] -= learningRate * ((nesterov ? g : 0) + velocityFactor * velocity[i]);
    }
  },
  dynamics: ({ momentum, nesterov, weightDecay, sam, batchSize }) => ({
    momentum,
    nesterov,
    weightDecay,
    // Every batch has a slope of its own: what that does to stability is not known.
    ...(sam && { radius: batchSize === "full" ? sam.radius : NaN }),
  }),
  centralFlow: ({ momentum }) => (momentum > 0 ? { velocity: "momentum" } : {}),
  samples: [
    { momentum: 0.9 },
    { momentum: 0.9, nesterov: true },
    { weightDecay: 0.3 },
    { momentum: 0.5, weightDecay: 0.3 },
    { momentum: 0.5, nesterov: true, weightDecay: 0.3 },
  ],
};
