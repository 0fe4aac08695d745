// Between which values the growth ρ lies at settings that were never measured, from what was measured at others. Numbers in, numbers out.
import { meanGrowth } from "./response";
import { samplingFactor, type Dynamics } from "./thresholds";

/** A measured growth, at the settings it was measured at. */
export interface KnownGrowth {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly rho: number;
  readonly error: number;
  /** Whether all directions were kept; else ρ is at least this. */
  readonly exact: boolean;
}

/** What is known of a minimum. */
export interface GrowthEvidence {
  /** Training examples, n. */
  readonly n: number;
  readonly dynamics: Dynamics;
  /** λmax of the mean of the Hᵢ, between two values; that of P^{-1/2}HP^{-1/2} where the optimizer is preconditioned. */
  readonly sharpness: { readonly low: number; readonly high: number };
  /** Between which values η* lies at the batch size asked about: 0 and Infinity where nothing is known. */
  readonly limit: { readonly lower: number; readonly upper: number };
  readonly known?: KnownGrowth;
}

export interface GrowthBounds {
  readonly lower: number;
  /** Infinity where nothing bounds it. */
  readonly upper: number;
}

/** Whether E[δδᵀ] ← Q(η) with Q(η) = I − 2ηC + η²D, which is symmetric: a step of plain SGD. */
const isPlain = ({ momentum = 0, nesterov = false, gain = 1, decoupledDecay = 0 }: Dynamics): boolean =>
  momentum === 0 && !nesterov && gain === 1 && decoupledDecay === 0;

/**
 * Bounds of ρ(η, B). ρ is the largest f(η) = 1 − 2cη + dη² over positive semi-definite X of norm 1, c = ⟨X, CX⟩ in [0, λ], d = ⟨X, DX⟩,
 * and d grows with the sampling factor p. So f(η₀) ≤ 1 + e at (η₀, p₀) gives, for p ≤ p₀,
 *
 *   f(η) ≤ 1 + e (η/η₀)² + 2 max(0, η/η₀ − 1) λη,
 *
 * and an X with f(η₀) = 1 + e gives, for p ≥ p₀, f(η) ≥ 1 + e (η/η₀)² − 2 max(0, 1 − η/η₀) λη. At η* e is 0. For other dynamics than plain
 * SGD only the limit speaks, and E‖δ‖² ≥ ‖Eδ‖²: ρ is at least what the mean dynamics have. Without noise it is that.
 * @source theory.md, section 2: Q, C and D.
 */
export function growthBounds(
  { learningRate: eta, batchSize }: { readonly learningRate: number; readonly batchSize: number },
  { n, dynamics, sharpness, limit, known }: GrowthEvidence,
): GrowthBounds {
  const p = samplingFactor(n, batchSize);
  const mean = (lambda: number): number =>
    lambda > 0 ? meanGrowth(Float64Array.of(lambda), { ...dynamics, learningRate: eta, p }) : 0;
  if (p === 0) return { lower: mean(sharpness.low), upper: Math.max(1, mean(sharpness.high)) };
  const lambda = sharpness.high + (dynamics.weightDecay ?? 0);
  const plain = isPlain(dynamics);
  /** Above what a growth of at most 1 + e at η₀ allows here. */
  const above = (e: number, from: number): number =>
    1 + e * (eta / from) ** 2 + 2 * Math.max(0, eta / from - 1) * lambda * eta;
  const lowers = [mean(sharpness.low), eta > limit.upper ? 1 : 0];
  const uppers = [eta <= limit.lower ? 1 : plain && limit.lower > 0 ? above(0, limit.lower) : Infinity];
  if (plain && known && known.learningRate > 0) {
    const { learningRate: from, rho, error, exact } = known;
    const knownP = samplingFactor(n, known.batchSize);
    const least = rho - error - 1;
    if (least > 0 && p >= knownP)
      lowers.push(1 + least * (eta / from) ** 2 - 2 * Math.max(0, 1 - eta / from) * lambda * eta);
    if (exact && p <= knownP) uppers.push(above(Math.max(0, rho + error - 1), from));
  }
  return { lower: Math.max(...lowers), upper: Math.min(...uppers) };
}
