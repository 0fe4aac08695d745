// Full-batch thresholds: how sharp a minimum may be for a learning rate, and the other way round.

import type { Dynamics } from "../types/dynamics";

export type { Dynamics };

/**
 * Sampling-noise factor p = (n − B) / (B (n − 1)): 0 for full batch, 1 for B = 1.
 * @source Wu, Ma & E, NeurIPS 2018, §2; batches drawn without replacement.
 */
export const samplingFactor = (n: number, batchSize: number): number =>
  n <= 1 || batchSize >= n ? 0 : (n - batchSize) / (batchSize * (n - 1));

/** k with: stable iff γη(λmax + c) + (1+β)ηw ≤ k, w = 0 with Nesterov. Descent 2; heavy ball 2 + 2β; Nesterov (2 + 2β)/(1 + 2β). */
export function stabilityConstant({ momentum = 0, nesterov = false }: Dynamics): number {
  return nesterov ? (2 + 2 * momentum) / (1 + 2 * momentum) : 2 + 2 * momentum;
}

/**
 * Largest λmax at which full-batch descent with learning rate η stays: 2/η, (2+2β)/η, (2+2β)/((1+2β)η), (2+2β₁)/((1−β₁)η)
 * for Adam's γ; less the weight decay. λmax is that of H, or of P^{-1/2}HP^{-1/2} for a preconditioned optimizer.
 *
 * Decoupled decay: with d = 1 − ηw the step on an eigenvalue λ has determinant dβ and trace d + β − γηλ, so its roots stay in the
 * unit disk iff γηλ ≤ (1 + d)(1 + β) = (2 − ηw)(1 + β).
 *
 * Sharpness-aware steps see a curvature λ as λ(1 + aλ), a = r/‖∇L‖: the limit is that λ at which this meets the limit S of plain
 * steps, (√(1 + 4aS) − 1)/(2a); for descent (‖∇L‖/2r)(√(1 + 8r/(η‖∇L‖)) − 1).
 * @source Cohen et al., ICLR 2021, §2 and appendix B; Cohen et al. 2022, §2; Long & Bartlett, "Sharpness-Aware
 * Minimization and the Edge of Stability", arXiv 2309.12488, 2023; theory.md, sections 3 and 11.
 */
export function sharpnessLimit(settings: Dynamics & { readonly learningRate: number }): number {
  const { learningRate: eta, momentum = 0, gain = 1, weightDecay = 0, decoupledDecay = 0 } = settings;
  const plain =
    (stabilityConstant(settings) - (1 + momentum) * eta * decoupledDecay) / (gain * eta) - weightDecay;
  const a = ascentOf(settings);
  // Without the difference of nearly equal numbers.
  return a === 0 || plain <= 0 ? plain : (2 * plain) / (Math.sqrt(1 + 4 * a * plain) + 1);
}

/** Keeps the step up finite where there is no slope, as Foret et al.'s code does. */
export const leastSlope = 1e-12;

/** a = r/‖∇L‖ of sharpness-aware steps; NaN where the slope is not known. */
const ascentOf = ({ radius = 0, gradNorm = NaN }: Dynamics): number =>
  radius === 0 ? 0 : radius / (gradNorm + leastSlope);

/** Largest learning rate below the full-batch threshold at sharpness λmax; Infinity where nothing grows, NaN for NaN. */
export function meanLimit(lambdaMax: number, settings: Dynamics = {}): number {
  const { momentum = 0, gain = 1, weightDecay = 0, decoupledDecay = 0 } = settings;
  const curvature = lambdaMax * (1 + ascentOf(settings) * Math.max(0, lambdaMax));
  const pull = gain * (curvature + weightDecay) + (1 + momentum) * decoupledDecay;
  return pull <= 0 ? Infinity : stabilityConstant(settings) / pull;
}

/**
 * The batch sharpness at which mini-batch SGD with momentum stops being mean-square stable, given the sharpness λ of all examples:
 *
 *   2(1 − β)/η + λ · 2β/(1 + β),
 *
 * 2(1 − β)/η where the noise decides (small batches, λ far below it) and (2 + 2β)/η where all batches are alike (λ there). Along one
 * direction with curvatures h of batches: heavy ball grows iff η[Var h (1 + β)/(1 − β) + λ²] > 2(1 + β)λ, λ = E h; with the batch
 * sharpness E h²/E h that is this line. NaN with Nesterov's momentum, a preconditioner, weight decay or SAM, for which it is not derived.
 * @source Andreyev & Beneventano 2024, 2025 for the two ends; the variance of x_{t+1} = (1+β−ηλ)x_t − βx_{t−1} + noise between them.
 */
export function batchSharpnessLimit(
  sharpness: number,
  settings: Dynamics & { readonly learningRate: number },
): number {
  const { learningRate: eta, momentum = 0, nesterov = false, gain = 1 } = settings;
  const { weightDecay = 0, decoupledDecay = 0, radius = 0 } = settings;
  if (nesterov || gain !== 1 || weightDecay !== 0 || decoupledDecay !== 0 || radius !== 0) return NaN;
  return (2 * (1 - momentum)) / eta + (2 * momentum * sharpness) / (1 + momentum);
}

/** RMSProp with a frozen preconditioner P: bound on λmax(P^{-1/2} H P^{-1/2}). @source Cohen et al. 2022, §2. */
export const rmspropLimit = (learningRate: number): number => sharpnessLimit({ learningRate });

/** Adam with a frozen preconditioner: (2+2β₁)/((1−β₁)η), 38/η for β₁ = 0.9. @source Cohen et al. 2022, §2. */
export const adamLimit = (learningRate: number, beta1 = 0.9): number =>
  sharpnessLimit({ learningRate, momentum: beta1, gain: 1 - beta1 });

/**
 * The rectangle's bound on non-uniformity, s ≤ (1/η)(B(n−1)/(n−B))^{1/2}; Infinity for full batch.
 * Necessary for the sufficient condition only: stable points exist outside (theory.md, section 1).
 */
export function nonuniformityLimit({
  learningRate,
  batchSize,
  n,
}: {
  learningRate: number;
  batchSize: number | "full";
  n: number;
}): number {
  const p = batchSize === "full" ? 0 : samplingFactor(n, batchSize);
  return p === 0 ? Infinity : 1 / (learningRate * Math.sqrt(p));
}
