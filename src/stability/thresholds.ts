// Full-batch thresholds: how sharp a minimum may be for a learning rate, and the other way round.

export interface MomentumSettings {
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/**
 * Sampling-noise factor p = (n − B) / (B (n − 1)): 0 for full batch, 1 for B = 1.
 * @source Wu, Ma & E, NeurIPS 2018, §2; batches drawn without replacement.
 */
export const samplingFactor = (n: number, batchSize: number): number =>
  n <= 1 || batchSize >= n ? 0 : (n - batchSize) / (batchSize * (n - 1));

/** c with: stable iff η λmax ≤ c. Gradient descent 2; heavy ball 2 + 2β; Nesterov (2 + 2β)/(1 + 2β). */
export function stabilityConstant({ momentum = 0, nesterov = false }: MomentumSettings): number {
  return nesterov ? (2 + 2 * momentum) / (1 + 2 * momentum) : 2 + 2 * momentum;
}

/**
 * Largest λmax(H) at which full-batch descent with learning rate η stays: 2/η, (2+2β)/η or (2+2β)/((1+2β)η).
 * @source Cohen et al., ICLR 2021, §2 and appendix B; theory.md, section 3.
 */
export const sharpnessLimit = (settings: MomentumSettings & { readonly learningRate: number }): number =>
  stabilityConstant(settings) / settings.learningRate;

/** Largest learning rate below the full-batch threshold at sharpness λmax; Infinity where λmax ≤ 0, NaN for NaN. */
export const meanLimit = (lambdaMax: number, settings: MomentumSettings = {}): number =>
  lambdaMax <= 0 ? Infinity : stabilityConstant(settings) / lambdaMax;

/** RMSProp with a frozen preconditioner P: bound on λmax(P^{-1/2} H P^{-1/2}). @source Cohen et al. 2022, §2. */
export const rmspropLimit = (learningRate: number): number => 2 / learningRate;

/** Adam with a frozen preconditioner: (2+2β₁)/((1−β₁)η), 38/η for β₁ = 0.9. @source Cohen et al. 2022, §2. */
export const adamLimit = (learningRate: number, beta1 = 0.9): number =>
  (2 + 2 * beta1) / ((1 - beta1) * learningRate);

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
