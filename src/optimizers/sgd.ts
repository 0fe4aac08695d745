// Stochastic gradient descent with heavy-ball or Nesterov momentum, exactly as torch.optim.SGD updates.
import type { SgdSpec } from "../protocol/experiment";
import type { Optimizer } from "./optimizer";

/**
 * v ← β v + g; θ ← θ − η v (heavy ball) or θ ← θ − η (g + β v) (Nesterov).
 * With constant η this is theory.md's v ← β v − η ∇, θ ← θ + v, with v scaled by −η. Each line rounds once to float32.
 */
export const sgd: Optimizer<SgdSpec> = {
  kind: "sgd",
  slots: ({ momentum }) => (momentum > 0 ? ["momentum"] : []),
  update({ learningRate, momentum, nesterov }, theta, gradient, [velocity]) {
    const d = theta.length;
    if (momentum === 0) {
      for (let i = 0; i < d; i++) theta[i] -= learningRate * gradient[i];
    } else if (nesterov) {
      for (let i = 0; i < d; i++) {
        velocity[i] = momentum * velocity[i] + gradient[i];
        theta[i] -= learningRate * (gradient[i] + momentum * velocity[i]);
      }
    } else {
      for (let i = 0; i < d; i++) {
        velocity[i] = momentum * velocity[i] + gradient[i];
        theta[i] -= learningRate * velocity[i];
      }
    }
  },
};
