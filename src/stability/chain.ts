// From stability to generalization: the links of the chain with both sides of each, from numbers alone.

import type { ChainLink } from "../types/chainLink";

export type { ChainLink };

export interface ChainInput {
  readonly learningRate: number;
  /** Sampling-noise factor p of thresholds.ts. */
  readonly p: number;
  /** Outputs K. */
  readonly outputs: number;
  /** Whether the loss is a square loss, and M = ∇²_f ℓ = scale · I: 1 for squared-error, 2/K for mse. */
  readonly squareLoss: { readonly scale: number } | null;
  readonly interpolated: boolean;
  /** Plain SGD, without momentum, preconditioner or SAM: what the first link is derived for. */
  readonly plain: boolean;
  /** (1/n) Σ ‖Hᵢ‖_F² and (1/n) Σ tr Hᵢ = tr H, Gauss–Newton. */
  readonly meanSquareNorm: number;
  readonly trace: number;
  /** Examples n and batch size B. */
  readonly examples: number;
  readonly batchSize: number;
  /** max λmax(Hᵢ), Gauss–Newton, and the growth of E‖δ‖⁴ per step; the latter null where it was not measured. */
  readonly sharpestExample: number;
  readonly momentGrowth: number | null;
  /** ((1/n) Σ ‖∇ₓf‖²)^½ and its bound by the first layer; the bound null with its reason. */
  readonly smoothness: number;
  readonly smoothnessBound: number | null;
  readonly noBound: string | null;
  /** ((1/n) Σ ‖∇ₓf‖⁴)^¼, and ‖W₁‖₂/min‖xᵢ‖, null where `smoothnessBound` is. */
  readonly fourthSmoothness: number;
  readonly firstLayer: number | null;
  /**
   * ((1/n) Σ max ‖f(xᵢ + δ) − f(xᵢ)‖²)^½ over ‖δ‖ ≤ r, as far as it was found; null where it was not measured.
   */
  readonly robustness: { readonly radius: number; readonly change: number } | null;
  /** Mean square over the test points of ‖∇ₓf(xⱼ)‖·‖x − xⱼ‖ with xⱼ the nearest training point; null with the reason. */
  readonly estimate: number | null;
  readonly noEstimate: string | null;
  readonly testLoss: number | null;
  /** What lies between f and the function f* behind the targets; a string says why that was not measured; null where f* is not known. */
  readonly knownTarget: KnownTarget | string | null;
  /** ‖H‖_F and the alignment μ = tr(ΣgH)/(2L‖H‖_F²); null where they were not measured. */
  readonly alignment: { readonly frobenius: number; readonly mu: number } | null;
}

/** Root mean squares over the test points x, with xⱼ the nearest training point of each and the straight way z from it to x. */
export interface KnownTarget {
  /** ‖f(x) − f*(x)‖ and ‖f(xⱼ) − f*(xⱼ)‖. */
  readonly error: number;
  readonly residual: number;
  /** How far they are apart: (√n ‖w‖₂/m)^½ over m test points, wⱼ the sum of ‖x − xⱼ‖² over those that xⱼ is nearest to. */
  readonly reach: number;
  /** ‖f(x) − f(xⱼ)‖, the integral of ‖∇ₓf(z)‖ over the way, and that of ‖W₁‖₂‖∇_{W₁}f(z)‖_F/‖z‖; the last null without such a layer. */
  readonly change: number;
  readonly slope: number;
  readonly flatness: number | null;
  /** By how much the last is more than ‖x − xⱼ‖ times its integrand at xⱼ, 0 where it is less; null likewise. */
  readonly rise: number | null;
  /** ‖f*(x) − f*(xⱼ)‖, and the length of the curve f*(z). */
  readonly targetChange: number;
  readonly targetLength: number;
}

/** A link with its sides, or with the reason why it has none. */
type Linked = (
  id: ChainLink["id"],
  formula: string,
  why: string | null,
  sides: () => readonly [left: number, right: number],
) => ChainLink;

const unaligned = "the gradients' noise does not lie along the curvature here (μ ≤ 0 or no loss is left)";

/**
 * 1. mean-square stability ⇒ (1/n) Σ ‖Hᵢ‖_F² ≤ (2/(ηp)) tr H, and since Hᵢ has rank ≤ K, tr H ≤ 2K/(ηp);
 * 2. flatness ⇒ input smoothness ≤ ‖W₁‖₂/min‖xᵢ‖ · ((1/n) Σ ‖∇_{W₁}f‖_F²)^½;
 * 3. input smoothness ⇒ generalization: the first-order estimate beside the measured test loss.
 * Where it was measured also how far a small change of the inputs moves the outputs: to first order r times the input smoothness, which
 * with 1. and 2. is at most r‖W₁‖₂/min‖xᵢ‖ · (2K/(ηpM))^½, M the curvature of the loss in an output; and ‖H‖_F ≤ (1/η)(pμ)^{-1/2}: the noise of one step alone leaves an expected loss of η²pμ‖H‖_F² L on a
 * parabola, so beyond it the loss rises from here (Wu, Wang & Su, NeurIPS 2022, with 1/B in place of p).
 * Where E‖δ‖⁴ does not grow, E[(1 − ηvᵀH_Bv)⁴] ≤ 1 along every v, so that (1/n) Σ (vᵀHᵢv)⁴ ≤ B³(2/η)⁴: no example is sharper than
 * (2/η)(nB³)^¼. And 1. bounds more than the mean square of the slopes: (1/n) Σ (tr Hᵢ)² ≤ (2K/(ηp))², which is their fourth power.
 * Where an assumption fails a link says why and gives no number.
 * @source Ma & Ying, NeurIPS 2021; theory.md, section 4 (the factor K is needed: without it the inequality is false).
 */
export function chainOf(input: ChainInput): ChainLink[] {
  const { learningRate: eta, p, outputs: K, squareLoss, interpolated, plain, alignment } = input;
  const assumptions =
    squareLoss === null
      ? "the loss is cross-entropy; the chain is for square losses"
      : interpolated
        ? null
        : "the training examples are not interpolated here";
  const noise = plain
    ? p > 0
      ? null
      : "full batches have no sampling noise (p = 0), so stability bounds no flatness beyond sharpness"
    : "it is derived for SGD without momentum, preconditioner or SAM";
  const link: Linked = (id, formula, why, sides) => {
    if (why !== null) return { id, formula, left: null, right: null, holds: null, notApplicable: why };
    const [left, right] = sides();
    return { id, formula, left, right, holds: left <= right, notApplicable: null };
  };
  return [
    link("stability-flatness", "(1/n) Σ ‖Hᵢ‖_F² ≤ (2/(ηp)) tr H", assumptions ?? noise, () => [
      input.meanSquareNorm,
      (2 / (eta * p)) * input.trace,
    ]),
    link("trace", "tr H ≤ 2K/(ηp)", assumptions ?? noise, () => [input.trace, (2 * K) / (eta * p)]),
    link(
      "moment-flatness",
      "max λmax(Hᵢ) ≤ (2/η)(nB³)^¼",
      assumptions ?? noise ?? momentReason(input.momentGrowth),
      () => [input.sharpestExample, (2 / eta) * (input.examples * input.batchSize ** 3) ** 0.25],
    ),
    ...(alignment === null
      ? []
      : [
          link(
            "alignment",
            "‖H‖_F ≤ (1/η)(pμ)^-½",
            assumptions ?? noise ?? (alignment.mu > 0 ? null : unaligned),
            () => [alignment.frobenius, 1 / (eta * Math.sqrt(p * alignment.mu))],
          ),
        ]),
    link(
      "flatness-smoothness",
      "((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½ ≤ ‖W₁‖₂/min‖xᵢ‖ · ((1/n) Σ ‖∇_{W₁}f(xᵢ)‖_F²)^½",
      assumptions ?? input.noBound,
      () => [input.smoothness, input.smoothnessBound!],
    ),
    link(
      "stability-smoothness",
      "((1/n) Σ ‖∇ₓf(xᵢ)‖⁴)^¼ ≤ ‖W₁‖₂/min‖xᵢ‖ · (2K/(ηpM))^½",
      assumptions ?? noise ?? input.noBound,
      () => [input.fourthSmoothness, allowedSlope(input)],
    ),
    ...robustnessLinks(input, { assumptions, noise, link }),
    // Two numbers side by side, no inequality.
    {
      ...link(
        "smoothness-generalization",
        "mean of (‖∇ₓf(xⱼ)‖·‖x − xⱼ‖)² over test points x with nearest training point xⱼ, beside the test loss",
        assumptions ?? input.noEstimate,
        // The estimate is of ‖f(x) − f(xⱼ)‖²: the loss carries the factor scale/2.
        () => [input.estimate! * (squareLoss!.scale / 2), input.testLoss!],
      ),
      holds: null,
    },
    ...targetLinks(input, { assumptions, noise, link }),
  ];
}

/** ‖W₁‖₂/min‖xᵢ‖ · (2K/(ηpM))^½: how steep a stable minimum may be at its training points. */
const allowedSlope = ({ firstLayer, outputs, learningRate, p, squareLoss }: ChainInput): number =>
  firstLayer! * Math.sqrt((2 * outputs) / (learningRate * p * squareLoss!.scale));

const momentReason = (growth: number | null): string | null =>
  growth === null
    ? "the growth of E‖δ‖⁴ was not measured: too many directions curve, or the time was over"
    : growth <= 1
      ? null
      : `E‖δ‖⁴ grows here, ${growth.toPrecision(4)}-fold a step`;

/** Why a link does not apply, and how one is made. */
interface Linking {
  readonly assumptions: string | null;
  readonly noise: string | null;
  readonly link: Linked;
}

/**
 * The bound itself where the function f* behind the targets is known, for the triangle x, xⱼ in root mean squares over the test points:
 * ‖f − f*‖ ≤ ‖f(x) − f(xⱼ)‖ + ‖f(xⱼ) − f*(xⱼ)‖ + ‖f*(xⱼ) − f*(x)‖, the outer two by the slopes on the way. Stability speaks of the
 * training points, where every way begins. With φ = ‖W₁‖₂‖∇_{W₁}f‖_F/‖·‖, at most A in the fourth mean over them, and w as in `reach`,
 * the mean of (‖x − xⱼ‖φ(xⱼ))² is (1/m) Σ wⱼφ(xⱼ)² ≤ (1/m)‖w‖₂(Σ φ(xⱼ)⁴)^½ ≤ (√n‖w‖₂/m)A²; what φ rises by on the way is measured.
 */
function targetLinks(input: ChainInput, { assumptions, noise, link }: Linking): ChainLink[] {
  const { knownTarget: known, noBound } = input;
  if (known === null) return [];
  const why = typeof known === "string" ? known : null;
  const of = known as KnownTarget;
  const way = "∫ ‖∇ₓf(z)‖ dz";
  const flat = "∫ ‖W₁‖₂‖∇_{W₁}f(z)‖_F/‖z‖ dz";
  const noLayer = why ?? (of.flatness === null ? "the first layer is not z = W₁x + b₁" : null);
  return [
    link(
      "stability-way",
      `${flat} from xⱼ to x ≤ (√n‖w‖₂/m)^½ ‖W₁‖₂/min‖xᵢ‖ · (2K/(ηpM))^½ + what the integrand rises by on the way, wⱼ the sum of ‖x − xⱼ‖² over the test points nearest to xⱼ`,
      assumptions ?? noise ?? noBound ?? noLayer,
      () => [of.flatness!, of.reach * allowedSlope(input) + of.rise!],
    ),
    link("way-slope", `${way} ≤ ${flat} from xⱼ to x`, noLayer, () => [of.slope, of.flatness!]),
    link("way-change", `‖f(x) − f(xⱼ)‖ ≤ ${way}`, why, () => [of.change, of.slope]),
    link("target-change", "‖f*(x) − f*(xⱼ)‖ ≤ ∫ ‖df*(z)‖", why, () => [of.targetChange, of.targetLength]),
    link("known-target", `‖f(x) − f*(x)‖ ≤ ${way} + ‖f(xⱼ) − f*(xⱼ)‖ + ∫ ‖df*(z)‖`, why, () => [
      of.error,
      of.slope + of.residual + of.targetLength,
    ]),
  ];
}

/** What stability says of small changes of the inputs: to first order in their length, so that the first link is no inequality. */
function robustnessLinks(input: ChainInput, { assumptions, noise, link }: Linking): ChainLink[] {
  const { robustness, smoothness, noBound } = input;
  if (robustness === null) return [];
  const { radius, change } = robustness;
  const found = `((1/n) Σ max ‖f(xᵢ+δ) − f(xᵢ)‖²)^½ over ‖δ‖ ≤ r = ${radius.toPrecision(3)}`;
  return [
    {
      ...link("smoothness-robustness", `${found}, beside r·((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½`, null, () => [
        change,
        radius * smoothness,
      ]),
      holds: null,
    },
    link(
      "stability-robustness",
      `${found} ≤ r‖W₁‖₂/min‖xᵢ‖ · (2K/(ηpM))^½, to first order in r`,
      assumptions ?? noise ?? noBound,
      () => [change, radius * allowedSlope(input)],
    ),
  ];
}
