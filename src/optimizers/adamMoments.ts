// What Adam and AdamW share: running moments with bias correction, the step along them, and the preconditioner they make.
import type { AdamSpec, AdamwSpec } from "../protocol/experiment";
import type { Optimizer } from "./optimizer";

type Betas = Pick<AdamSpec | AdamwSpec, "beta1" | "beta2" | "epsilon">;

/**
 * m ← β₁ m + (1 − β₁) g; s ← β₂ s + (1 − β₂) g²; θ ← θ − η m̂ / (√ŝ + ε), with g = ∇L + `coupled`·θ.
 * @source Kingma & Ba, ICLR 2015, algorithm 1.
 */
export function adamStep(
  { beta1, beta2, epsilon }: Betas,
  eta: number,
  coupled: number,
  theta: Float32Array,
  gradient: Float32Array,
  [mean, square]: readonly Float32Array[],
  count: number,
): void {
  const step = eta / (1 - beta1 ** (count + 1));
  const root = Math.sqrt(1 - beta2 ** (count + 1));
  for (let i = 0; i < theta.length; i++) {
    const g = gradient[i] + coupled * theta[i];
    mean[i] = beta1 * mean[i] + (1 - beta1) * g;
    square[i] = beta2 * square[i] + (1 - beta2) * g * g;
    theta[i] -= (step * mean[i]) / (Math.sqrt(square[i]) / root + epsilon);
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
