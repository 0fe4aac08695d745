// RMSProp, exactly as torch.optim.RMSprop (not centred) updates.
import { ref } from "../protocol/fragment";
import type { RmspropSpec } from "../protocol/experiment";
import type { Optimizer } from "./optimizer";
import { optimizerKeys } from "./shared";

/**
 * g ← ∇L + wθ; s ← α s + (1 − α) g²; P = √s + ε; v ← β v + g/P; θ ← θ − η v. No bias correction, as in PyTorch.
 * @source Tieleman & Hinton 2012, lecture 6.5; stability with P frozen: Cohen et al. 2022, §2.
 */
export const rmsprop: Optimizer<RmspropSpec> = {
  kind: "rmsprop",
  spec: {
    about: "Each coordinate over the root of its running mean square gradient, as torch.optim.RMSprop.",
    properties: optimizerKeys({
      alpha: {
        type: "number",
        minimum: 0,
        exclusiveMaximum: 1,
        default: 0.99,
        markdownDescription:
          "Decay α of the running mean square of the gradient: v ← αv + (1−α)g². PyTorch's default, 0.99.",
      },
      epsilon: ref("epsilon", { default: 1e-8 }),
      momentum: ref("momentum", {
        default: 0,
        markdownDescription:
          "Heavy-ball momentum β on the preconditioned gradient. Full batch is stable iff λmax(P^-½ H P^-½) ≤ (2+2β)/η.",
      }),
    }),
    snippets: [
      { label: "RMSProp", body: { kind: "rmsprop", learningRate: "^${1:0.001}", batchSize: "^${2:32}" } },
    ],
    words: [{ text: "α {alpha}" }, { text: "momentum {momentum}", when: [{ key: "momentum", above: 0 }] }],
    limit: [{ text: "(2 + 2β)/η, of P^-½ H P^-½ · Cohen et al. 2022" }],
  },
  slots: ({ momentum }) => (momentum > 0 ? ["square_avg", "momentum"] : ["square_avg"]),
  update(
    { alpha, epsilon, momentum, weightDecay },
    { learningRate, theta, gradient, state: [square, velocity] },
  ) {
    for (let i = 0; i < theta.length; i++) {
      const g = gradient[i] + weightDecay * theta[i];
      square[i] = alpha * square[i] + (1 - alpha) * g * g;
      const scaled = g / (Math.sqrt(square[i]) + epsilon);
      if (momentum > 0) {
        velocity[i] = momentum * velocity[i] + scaled;
        theta[i] -= learningRate * velocity[i];
      } else theta[i] -= learningRate * scaled;
    }
  },
  dynamics: ({ momentum, weightDecay }) => ({ momentum, weightDecay }),
  preconditioner: {
    slot: "square_avg",
    write({ epsilon }, square, _count, into) {
      for (let i = 0; i < into.length; i++) into[i] = Math.sqrt(square[i]) + epsilon;
    },
  },
  centralFlow: ({ alpha, momentum }) => (momentum > 0 || alpha === 0 ? null : { decay: alpha }),
  samples: [{ momentum: 0.9 }, { weightDecay: 0.3 }, { alpha: 0.9, momentum: 0.5, weightDecay: 0.3 }],
};
