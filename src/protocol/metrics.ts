// The names of everything a run can record, with label, unit and formula: what the contract fixes and every surface shows.

import type { MetricInfo } from "../types/metricInfo";

const m = (name: string, label: string, unit: string, explained: Pick<MetricInfo, "about" | "source">) =>
  ({ name, label, unit, ...explained }) as const;

const wme = "Wu, Ma & E, NeurIPS 2018";
const cohen = "Cohen et al., ICLR 2021";
const cohenAdaptive = "Cohen et al. 2022";
const damian = "Damian, Nichani & Lee, ICLR 2023";
const quasistatic = "Ma, Kunin, Wu & Ying 2022; Li, Wang & Arora, ICLR 2022";
const central = "Cohen, Damian, Talwalkar, Kolter & Lee 2025";
const papyan = "Papyan, JMLR 2020";
const mulayoff = "Mulayoff & Michaeli, COLT 2024";
const mccandlish = "McCandlish et al. 2018";
const lyapunov = "Chemnitz & Engel 2024; Furstenberg & Kesten 1960";

export const metrics = [
  m("loss.train", "training loss", "loss", { about: "L(θ) = (1/n) Σ Lᵢ(θ)", source: "" }),
  m("loss.test", "test loss", "loss", { about: "mean loss over the test examples", source: "" }),
  m("accuracy.train", "training accuracy", "fraction", {
    about: "share of training examples whose largest output is the label",
    source: "",
  }),
  m("accuracy.test", "test accuracy", "fraction", {
    about: "share of test examples whose largest output is the label",
    source: "",
  }),
  m("learningRate", "learning rate", "θ² / loss", {
    about: "η in force at this step, schedule applied",
    source: "",
  }),
  m("loss.batch", "batch loss", "loss", {
    about: "mean loss over the mini-batch of a step, before the step",
    source: "",
  }),
  m("gradNorm.batch", "batch gradient norm", "loss / θ", {
    about: "‖∇L_B(θ)‖₂ over the mini-batch of a step",
    source: "",
  }),
  m("gradNorm", "gradient norm", "loss / θ", { about: "‖∇L(θ)‖₂ over all training examples", source: "" }),
  m("gap.loss", "generalization gap (loss)", "loss", { about: "test loss − training loss", source: "" }),
  m("gap.accuracy", "generalization gap (accuracy)", "fraction", {
    about: "training accuracy − test accuracy",
    source: "",
  }),
  m("sharpness", "sharpness", "loss / θ²", { about: "a = λmax(H), H = ∇²L(θ)", source: wme }),
  m("sharpness.error", "sharpness error bar", "loss / θ²", {
    about: "r = ‖Hv − λv‖ of the reported Ritz pair, or r²/gap to the next value",
    source: "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  }),
  m("preconditionedSharpness", "preconditioned sharpness", "1 / learning rate", {
    about: "λmax(P^-½ (H + cI) P^-½), P = √v̂ + ε, c the weight decay in the gradient",
    source: cohenAdaptive,
  }),
  m("preconditionedSharpness.error", "preconditioned sharpness error bar", "1 / learning rate", {
    about: "r = ‖Av − λv‖ of the reported Ritz pair, or r²/gap to the next value",
    source: "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  }),
  m("eigenvalues", "top Hessian eigenvalues", "loss / θ²", { about: "λ₁ ≥ λ₂ ≥ … of H", source: wme }),
  m("eigenvalues.error", "top Hessian eigenvalues, error bars", "loss / θ²", {
    about: "r = ‖Hv − λv‖ of each Ritz pair, or r²/gap to the next value",
    source: "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  }),
  m("eigenvalue.min", "smallest Hessian eigenvalue", "loss / θ²", {
    about: "λmin(H): below zero the loss falls on both sides",
    source: "",
  }),
  m("eigenvalue.min.error", "smallest Hessian eigenvalue, error bar", "loss / θ²", {
    about: "r = ‖Hv − λv‖ of the reported Ritz pair, or r²/gap to the next value",
    source: "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  }),
  m("gaussNewtonSharpness", "Gauss–Newton sharpness", "loss / θ²", {
    about: "λmax((1/n) Σ GᵢGᵢᵀ)",
    source: wme,
  }),
  m("gaussNewtonSharpness.error", "Gauss–Newton sharpness, error bar", "loss / θ²", {
    about: "r = ‖Av − λv‖ of the reported Ritz pair, or r²/gap to the next value",
    source: "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  }),
  m("gaussNewtonEigenvalues", "top Gauss–Newton eigenvalues", "loss / θ²", {
    about: "λ₁ ≥ λ₂ ≥ … of (1/n) Σ GᵢGᵢᵀ",
    source: papyan,
  }),
  m("gaussNewtonEigenvalues.error", "top Gauss–Newton eigenvalues, error bars", "loss / θ²", {
    about: "‖Av − λv‖ of each Ritz pair",
    source: "Parlett, The Symmetric Eigenvalue Problem, §4.5",
  }),
  m("sharpness.layers", "sharpness per layer", "loss / θ²", {
    about: "λmax of each layer's diagonal block of H",
    source: cohen,
  }),
  m("sharpness.layers.error", "sharpness per layer, error bars", "loss / θ²", {
    about: "r = ‖Hv − λv‖ of each Ritz pair, or r²/gap to the next value",
    source: "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  }),
  m("sharpness.gradNorm", "gradient of sharpness", "loss / θ³", {
    about: "‖∇(vᵀHv)‖ at the top eigenvector v",
    source: damian,
  }),
  m("sharpness.rate", "predicted change of sharpness", "loss / θ² / step", {
    about: "−η⟨∇S, ∇L⊥⟩, S = λmax(H), ⊥ across v₁ and all at the edge; η/(1−β) with momentum",
    source: damian,
  }),
  m("sharpness.fall", "fall of sharpness by oscillation", "loss / θ² / step", {
    about: "½η⟨∇S⊥, ∇(xᵀHx)⟩, x = Σ v⟨v, ∇L⟩/λ the oscillation along them",
    source: damian,
  }),
  m("displacement.sharp", "displacement, sharp part", "θ", {
    about: "‖VVᵀ(θ − θ′)‖, V top eigenvectors at the last reading",
    source: damian,
  }),
  m("displacement.flat", "displacement, flat part", "θ", { about: "‖(I − VVᵀ)(θ − θ′)‖", source: damian }),
  m("eigenvectors.overlap", "overlap of sharp subspaces", "1", {
    about: "(1/m)‖VᵀV′‖_F² between two readings",
    source: damian,
  }),
  m("manifold.drift", "predicted drift along the minima", "θ / step", {
    about:
      "‖Δθ‖ per step, Δθ = −(η/(1−β)) P_flat(½ ∇⟨H, C⟩ + wθ), C the stationary covariance at the minimum beside θ",
    source: quasistatic,
  }),
  m("manifold.driftMeasured", "measured drift along the minima", "θ / step", {
    about: "how far the minimum beside θ moves per step, mean over eight readings",
    source: "",
  }),
  m("manifold.driftMeasured.error", "measured drift, standard error", "θ / step", {
    about: "from the spread of the displacements between those readings",
    source: "",
  }),
  m("manifold.driftCosine", "cosine of predicted and measured drift", "1", {
    about: "1 where the run goes where it was predicted to go",
    source: quasistatic,
  }),
  m("manifold.driftSharpness", "change of sharpness by drift", "loss / θ² / step", {
    about: "⟨∇λmax, Δθ⟩ at the minimum beside θ",
    source: quasistatic,
  }),
  m("manifold.driftTrace", "change of trace by drift", "loss / θ² / step", {
    about: "⟨∇ tr H, Δθ⟩ at the minimum beside θ",
    source: quasistatic,
  }),
  m("flow.loss", "loss of the central flow", "loss", { about: "L at the flow's own θ", source: central }),
  m("flow.sharpness", "sharpness of the central flow", "loss / θ²", {
    about:
      "λmax(H) at the flow's own θ, of a preconditioned optimizer λmax(P^-½ H P^-½): held at its limit by just as much oscillation as that takes",
    source: central,
  }),
  m("flow.variance", "predicted variance of the oscillation", "θ²", {
    about: "tr Σ, Σ = UXUᵀ, 0 ⪯ X ⟂ β(X) − α ⪰ 0 on the eigenvectors U at the limit",
    source: central,
  }),
  m("flow.swing", "square of the run's oscillation", "θ²", {
    about: "‖½(θ′ − θ)‖², θ′ the next step: what the predicted variance is the mean of at the edge",
    source: central,
  }),
  m("flow.distance", "distance of run and flow", "θ", {
    about: "‖½(θ + θ′) − θ_flow‖, the middle of two consecutive steps against the flow",
    source: central,
  }),
  m("spectrum.values", "spectral density, nodes", "loss / θ²", {
    about: "Ritz values of stochastic Lanczos quadrature",
    source: "Ghorbani, Krishnan & Xiao, ICML 2019",
  }),
  m("spectrum.weights", "spectral density, weights", "1", {
    about: "share of the spectrum at each node",
    source: "Ghorbani, Krishnan & Xiao, ICML 2019",
  }),
  m("spectrum.gaussNewton.values", "Gauss–Newton density, nodes", "loss / θ²", {
    about: "Ritz values of stochastic Lanczos quadrature on (1/n) Σ GᵢGᵢᵀ",
    source: papyan,
  }),
  m("spectrum.gaussNewton.weights", "Gauss–Newton density, weights", "1", {
    about: "share of the spectrum at each node",
    source: papyan,
  }),
  m("trace.error", "trace, error bar", "loss / θ²", {
    about: "one standard error; 0 when exact",
    source: "Hutchinson 1990",
  }),
  m("frobenius.error", "Frobenius norm, error bar", "loss / θ²", {
    about: "one standard error; 0 when exact",
    source: "Hutchinson 1990",
  }),
  m("noise.alignment.error", "noise alignment, error bar", "1", {
    about: "one standard error; 0 when exact",
    source: "Hutchinson 1990",
  }),
  m("noise.batchSharpness.error", "batch sharpness, error bar", "loss / θ²", {
    about: "one standard error over the batches drawn; 0 when all were",
    source: "Andreyev & Beneventano 2024",
  }),
  m("trace", "trace", "loss / θ²", { about: "tr H", source: "Ma & Ying, NeurIPS 2021" }),
  m("gaussNewtonTrace", "Gauss–Newton trace", "loss / θ²", {
    about: "(1/n) Σ ‖Gᵢ‖_F²",
    source: "Ma & Ying, NeurIPS 2021",
  }),
  m("gaussNewtonTrace.error", "Gauss–Newton trace, error bar", "loss / θ²", {
    about: "one standard error; 0 when exact",
    source: "Hutchinson 1990",
  }),
  m("frobenius", "Frobenius norm", "loss / θ²", { about: "‖H‖_F", source: "Wu, Wang & Su, NeurIPS 2022" }),
  m("nonuniformity", "non-uniformity", "loss / θ²", {
    about: "s = λmax((1/n) Σ Hᵢ² − H²)^½ with Hᵢ = GᵢGᵢᵀ",
    source: wme,
  }),
  m("nonuniformity.error", "non-uniformity, error bar", "loss / θ²", {
    about: "that of λmax(Σ) over 2s",
    source: "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  }),
  m("noise.trace", "gradient covariance trace", "loss² / θ²", {
    about: "tr Cov(∇Lᵢ)",
    source: mccandlish,
  }),
  m("noise.scale", "simple noise scale", "examples", {
    about: "tr Cov(∇Lᵢ) / ‖∇L‖²",
    source: mccandlish,
  }),
  m("noise.alignment", "noise alignment", "1", {
    about: "μ = tr(ΣgH) / (2 L ‖H‖_F²)",
    source: "Wu, Wang & Su, NeurIPS 2022",
  }),
  m("noise.curvatureScale", "noise scale with curvature", "examples", {
    about:
      "B_noise = tr(HΣg) / (∇LᵀH∇L): the batch size beyond which a larger one hardly lengthens the best step",
    source: mccandlish,
  }),
  m("stability.descentLimit", "one-step descent limit", "learning rate", {
    about:
      "largest η at which one step of SGD lowers the expected loss, to second order: 2‖∇L‖² / (∇LᵀH∇L + p tr(HΣg))",
    source: mccandlish,
  }),
  m("noise.curvatureScale.error", "noise scale with curvature, error bar", "examples", {
    about: "one standard error; 0 when exact",
    source: mccandlish,
  }),
  m("stability.descentLimit.error", "one-step descent limit, error bar", "learning rate", {
    about: "one standard error; 0 when exact",
    source: mccandlish,
  }),
  m("noise.batchSharpness", "batch sharpness", "loss / θ²", {
    about: "E[gᵀH_B g / ‖g‖²] over mini-batches",
    source: "Andreyev & Beneventano 2024",
  }),
  m("smoothness.input", "input smoothness", "output / input", {
    about: "((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½",
    source: "Ma & Ying, NeurIPS 2021",
  }),
  m("smoothness.bound", "input smoothness bound", "output / input", {
    about: "‖W₁‖₂ / min‖xᵢ‖ · ((1/n) Σ ‖∇_{W₁}f(xᵢ)‖_F²)^½",
    source: "Ma & Ying, NeurIPS 2021",
  }),
  m("stability.meanLimit", "mean stability limit", "learning rate", {
    about: "largest η below the full-batch threshold at λmax(H)",
    source: cohen,
  }),
  m("stability.meanLimit.error", "mean stability limit, error bar", "learning rate", {
    about: "that of the sharpness it rests on",
    source: cohen,
  }),
  m("stability.varianceLimit", "mean-square stability limit", "learning rate", {
    about: "largest η with ρ(η, B, β) ≤ 1; upper end of the bracket",
    source: mulayoff,
  }),
  m("stability.varianceLimit.lower", "mean-square limit, lower end", "learning rate", {
    about: "largest η the sufficient condition certifies",
    source: wme,
  }),
  m("stability.varianceLimit.error", "mean-square limit, error bar", "learning rate", {
    about: "standard error where a sample of the examples was held: the jackknife over groups of them",
    source: "Efron & Tibshirani, An Introduction to the Bootstrap, chapter 11",
  }),
  m("stability.limit", "stability limit", "learning rate", {
    about: "the smaller of mean and mean-square limit",
    source: "",
  }),
  m("stability.growth", "growth per step", "1", {
    about: "ρ: factor of E‖δ‖² per step at the run's own η, B, β",
    source: mulayoff,
  }),
  m("stability.growth.error", "growth per step, error bar", "1", {
    about: "estimated from its residual",
    source: mulayoff,
  }),
  m("stability.typicalGrowth", "typical growth per step", "1", {
    about:
      "e^{2ℓ}, ℓ the top Lyapunov exponent: factor of ‖δ‖² per step that a single run sees, batches drawn as the run draws them",
    source: lyapunov,
  }),
  m("stability.typicalGrowth.error", "typical growth, standard error", "1", {
    about: "from means over blocks of steps",
    source: lyapunov,
  }),
  m("stability.typicalLimit", "typical stability limit", "learning rate", {
    about: "smallest η at which ℓ > 0: beyond it a single run leaves, not only the mean square",
    source: lyapunov,
  }),
  m("stability.typicalLimit.error", "typical limit, standard error", "learning rate", {
    about: "that of ℓ over its slope",
    source: lyapunov,
  }),
  m("stability.tailIndex", "tail index", "1", {
    about:
      "q* with E‖δ‖^q* neither growing nor shrinking, where ρ > 1 and a typical run comes back: bursts of length x are as rare as x^−q*; below 2 they have no variance. Plain SGD with independent batches",
    source: "Kesten 1973; moment Lyapunov function",
  }),
  m("stability.tailIndex.error", "tail index, standard error", "1", {
    about: "that of the growth of the moment over its slope",
    source: "Kesten 1973; moment Lyapunov function",
  }),
  m("stability.momentGrowth", "growth of the fourth moment", "1", {
    about:
      "factor of E‖δ‖⁴ per step at the run's own η and B, in which rare bursts weigh more than in ρ: at least ρ². Plain SGD, batches drawn independently, where no more than some twenty directions curve",
    source: "Ma & Ying, NeurIPS 2021",
  }),
  m("stability.contraction", "contraction of the sharp subspace", "1", {
    about:
      "ρ of the directions with λ ≥ λ₁/10 alone, where ρ < 1: how fast the mean square distance shrinks there",
    source: mulayoff,
  }),
] as const satisfies readonly MetricInfo[];

export type MetricName = (typeof metrics)[number]["name"];

/** Of these a larger value is the better one, */
const larger = /^(accuracy\.|stability\.(meanLimit|varianceLimit|varianceLimit\.lower|limit)$)/;
/** of these a smaller one; of the rest neither is. */
const smaller =
  /^(loss\.|gap\.|gradNorm|sharpness$|preconditionedSharpness$|gaussNewtonSharpness$|trace$|frobenius$|nonuniformity$|noise\.batchSharpness$|smoothness\.)/;

/** Which of two readings of a metric is the better one for a user: the larger, the smaller, or neither. */
export const betterOf = (name: string): "larger" | "smaller" | null =>
  larger.test(name) ? "larger" : smaller.test(name) ? "smaller" : null;

const byName = new Map<string, MetricInfo>(metrics.map((info) => [info.name, info]));
const places = new Map<string, number>(metrics.map(({ name }, i) => [name, i]));
/** Where a metric stands among Basin's; names of a script's own come after all of them. */
export const placeOf = (name: string): number => places.get(name) ?? metrics.length;
export const metricInfo = (name: string): MetricInfo | undefined => byName.get(name);

/** Values of one reading by metric name, a script's own names among them. NaN and infinities are allowed. */
export type MetricValues = Readonly<Record<string, number | readonly number[]>>;
