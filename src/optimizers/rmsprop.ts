// RMSProp, exactly as torch.optim.RMSprop (not centred) updates.
import type { RmspropSpec } from "../protocol/experiment";
import type { Optimizer } from "./optimizer";

/**
 * g ← ∇L + wθ; s ← α s + (1 − α) g²; P = √s + ε; v ← β v + g/P; θ ← θ − η v. No bias correction, as in PyTorch.
 * @source Tieleman & Hinton 2012, lecture 6.5; stability with P frozen: Cohen et al. 2022, §2.
 */
export const rmsprop: Optimizer<RmspropSpec> = {
  kind: "rmsprop",
  hyperparameters: ["alpha", "epsilon", "momentum"],
  slots: ({ momentum }) => (momentum > 0 ? ["square_avg", "momentum"] : ["square_avg"]),
  update({ alpha, epsilon, momentum, weightDecay }, eta, theta, gradient, [square, velocity]) {
    for (let i = 0; i < theta.length; i++) {
      const g = gradient[i] + weightDecay * theta[i];
      square[i] = alpha * square[i] + (1 - alpha) * g * g;
      const scaled = g / (Math.sqrt(square[i]) + epsilon);
      if (momentum > 0) {
        velocity[i] = momentum * velocity[i] + scaled;
        theta[i] -= eta * velocity[i];
      } else theta[i] -= eta * scaled;
    }
  },
  dynamics: ({ momentum, weightDecay }) => ({ momentum, weightDecay }),
  preconditioner: {
    slot: "square_avg",
    write({ epsilon }, square, _count, into) {
      for (let i = 0; i < into.length; i++) into[i] = Math.sqrt(square[i]) + epsilon;
    },
  },
  samples: [{ momentum: 0.9 }, { weightDecay: 0.3 }, { alpha: 0.9, momentum: 0.5, weightDecay: 0.3 }],
};
