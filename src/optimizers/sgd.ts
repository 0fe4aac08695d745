// Stochastic gradient descent with heavy-ball or Nesterov momentum, exactly as torch.optim.SGD updates.
import type { SgdSpec } from "../protocol/experiment";
import type { Optimizer } from "./optimizer";

/**
 * g ← ∇L + wθ; v ← β v + g; θ ← θ − η v (heavy ball) or θ ← θ − η (g + β v) (Nesterov).
 * With constant η this is theory.md's v ← β v − η ∇, θ ← θ + v, with v scaled by −η. Each line rounds once to float32.
 */
export const sgd: Optimizer<SgdSpec> = {
  kind: "sgd",
  hyperparameters: ["momentum", "nesterov"],
  slots: ({ momentum }) => (momentum > 0 ? ["momentum"] : []),
  update({ momentum, nesterov, weightDecay }, eta, theta, gradient, [velocity]) {
    const d = theta.length;
    if (momentum === 0) {
      for (let i = 0; i < d; i++) theta[i] -= eta * (gradient[i] + weightDecay * theta[i]);
      return;
    }
    const look = nesterov ? momentum : 1;
    for (let i = 0; i < d; i++) {
      const g = gradient[i] + weightDecay * theta[i];
      velocity[i] = momentum * velocity[i] + g;
      theta[i] -= eta * ((nesterov ? g : 0) + look * velocity[i]);
    }
  },
  dynamics: ({ momentum, nesterov, weightDecay }) => ({ momentum, nesterov, weightDecay }),
  samples: [
    { momentum: 0.9 },
    { momentum: 0.9, nesterov: true },
    { weightDecay: 0.3 },
    { momentum: 0.5, weightDecay: 0.3 },
    { momentum: 0.5, nesterov: true, weightDecay: 0.3 },
  ],
};
