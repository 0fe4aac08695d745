// How noise that enters two directions at once dies away in them: the weights that close the loop of the second moment.
import type { Dynamics } from "./thresholds";

/** An optimizer's step at one batch size, and the growth asked about. */
export interface Loop extends Dynamics {
  readonly learningRate: number;
  /** Sampling-noise factor p. */
  readonly p: number;
  /** ρ, above what the mean dynamics alone have. Default 1. */
  readonly rho?: number;
}

/** A piece of row a of the weights, b = from … to−1, and what it is multiplied by. */
interface Piece {
  readonly a: number;
  readonly from: number;
  readonly to: number;
  readonly times: number;
}

/** Writes times·w_ab of a piece to `out` from `at` on. */
export type Weights = (piece: Piece, out: Float64Array, at: number) => void;

/** z² − τz + δ of the mean step on each eigenvalue λ of H, its response (1 + κ − κd z⁻¹)/(1 − τz⁻¹ + δz⁻²) to noise. */
function meanStep(
  lambda: Float64Array,
  { learningRate, momentum = 0, nesterov = false, gain = 1, weightDecay = 0, decoupledDecay = 0 }: Loop,
) {
  const kappa = nesterov ? momentum : 0;
  const d = 1 - learningRate * decoupledDecay;
  const h = lambda.map((value) => gain * learningRate * (value + weightDecay));
  return {
    kappa,
    d,
    tau: h.map((x) => d + momentum - (1 + kappa) * x),
    delta: h.map((x) => d * (momentum - kappa * x)),
    // 1 − τ + δ without the cancellation.
    atOne: h.map((x) => (1 - d) * (1 - momentum) + x * (1 + kappa * (1 - d))),
  };
}

/** Growth of the second moment that the mean dynamics have alone: the largest |root|² of z² − τz + δ over λ. */
export function meanGrowth(lambda: Float64Array, loop: Loop): number {
  const { tau, delta } = meanStep(lambda, loop);
  let most = 0;
  tau.forEach((t, a) => {
    const disc = (t * t) / 4 - delta[a];
    most = Math.max(most, disc < 0 ? delta[a] : (Math.abs(t) / 2 + Math.sqrt(disc)) ** 2);
  });
  return most;
}

/**
 * Weights w_ab > 0 with: E‖δ‖² has the growth ρ iff Y = w ∘ Σᵢ Hᵢ Y Hᵢ has a solution, Y = E yyᵀ in the eigenbasis of H, y where the
 * gradient is taken. Defined for ρ ≥ 1 above `meanGrowth`, and below 1 as well.
 *
 *   Y = γ²η²p g⁰ ∘ ((1/n) Σ HᵢYHᵢ − HYH),   g⁰_ab = Σ_t ρ^{−t−1} c_a(t) c_b(t),   w = (γ²η²p/n) g⁰ / (1 + γ²η²p λ_aλ_b g⁰)
 *
 * with c_a(t) the response of y to a unit of noise t steps ago. Both responses are rational with two poles, so g⁰ has a closed form;
 * written in ε = 1 − τ + δ it is free of cancellation down to the flattest directions, and its positivity is in plain sight.
 * About 25 flops and one division a weight.
 * @source Willems & Blankenship, IEEE TAC 16 (1971): mean-square stability as a gain of the noise's loop; theory.md, section 2.
 */
export function response(lambda: Float64Array, n: number, loop: Loop): Weights {
  const { learningRate, gain = 1, p, rho = 1 } = loop;
  const { kappa, d, tau, delta, atOne } = meanStep(lambda, loop);
  // ρ ≠ 1 scales the roots by ρ^{-1/2}.
  const root = Math.sqrt(rho);
  const dl = delta.map((x) => x / rho);
  const ep = atOne.map((x, a) => (x + (root - 1) * (root + 1 - tau[a])) / rho);
  const back = (kappa * d) / root;
  const [even, odd] = [(1 + kappa - back) ** 2, back * (1 + kappa)];
  const strength = (gain * learningRate) ** 2 * p;
  return ({ a, from, to, times }, out, at) => {
    const [da, ea, la] = [dl[a], ep[a], strength * lambda[a]];
    for (let b = from; b < to; b++) {
      const m = 1 - da * dl[b];
      const u = ea - da * ep[b];
      const v = ep[b] - dl[b] * ea;
      const top = even * m + odd * (u + v);
      out[at++] = (times * strength * top) / (n * (rho * (m * (u + v) - u * v) + la * lambda[b] * top));
    }
  };
}
