// What Adam and AdamW share: running moments with bias correction, the step along them, and the preconditioner they make.
import type { AdamSpec, AdamwSpec } from "../protocol/experiment";
import type { SchemaNode } from "../protocol/experimentSchema";
import { ref, type Words } from "../protocol/fragment";
import type { Optimizer, Step } from "./optimizer";

export const betas: Readonly<Record<string, SchemaNode>> = {
  beta1: ref("beta1", { default: 0.9 }),
  beta2: ref("beta2", { default: 0.999 }),
  epsilon: ref("epsilon", { default: 1e-8 }),
};
export const adamWords: readonly Words[] = [{ text: "β₁ {beta1}" }, { text: "β₂ {beta2}" }];
export const adamLimit: readonly Words[] = [
  { text: "(2 + 2β₁)/((1 − β₁)η), of P^-½ H P^-½ · Cohen et al. 2022" },
];

type Betas = Pick<AdamSpec | AdamwSpec, "beta1" | "beta2" | "epsilon">;

/**
 * m ← β₁ m + (1 − β₁) g; s ← β₂ s + (1 − β₂) g²; θ ← θ − η m̂ / (√ŝ + ε), with g = ∇L + `coupled`·θ.
 * @source Kingma & Ba, ICLR 2015, algorithm 1.
 */
export function adamStep(
  { beta1, beta2, epsilon }: Betas,
  { learningRate, theta, gradient, state: [mean, square], count }: Step,
  coupled: number,
): void {
  const corrected = learningRate / (1 - beta1 ** (count + 1));
  const root = Math.sqrt(1 - beta2 ** (count + 1));
  for (let i = 0; i < theta.length; i++) {
    const g = gradient[i] + coupled * theta[i];
    mean[i] = beta1 * mean[i] + (1 - beta1) * g;
    square[i] = beta2 * square[i] + (1 - beta2) * g * g;
    theta[i] -= (corrected * mean[i]) / (Math.sqrt(square[i]) / root + epsilon);
  }
}

export const adamSlots = ["exp_avg", "exp_avg_sq"] as const;

/** P = √ŝ + ε with the bias-corrected ŝ = s / (1 − β₂ᵗ). */
export const adamPreconditioner: NonNullable<Optimizer<AdamSpec | AdamwSpec>["preconditioner"]> = {
  slot: "exp_avg_sq",
  write({ beta2, epsilon }, square, count, into) {
    const root = Math.sqrt(1 - beta2 ** count);
    for (let i = 0; i < into.length; i++) into[i] = Math.sqrt(square[i]) / root + epsilon;
  },
};
