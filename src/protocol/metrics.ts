// The names of everything a run can record, with label, unit and formula: what the contract fixes and every surface shows.

import type { MetricInfo } from "../types/metricInfo";

const m = (name: string, label: string, unit: string, about: string, source: string) =>
  ({ name, label, unit, about, source }) as const;

const wme = "Wu, Ma & E, NeurIPS 2018";
const cohen = "Cohen et al., ICLR 2021";
const cohenAdaptive = "Cohen et al. 2022";
const damian = "Damian, Nichani & Lee, ICLR 2023";
const papyan = "Papyan, JMLR 2020";
const mulayoff = "Mulayoff & Michaeli, COLT 2024";

export const metrics = [
  m("loss.train", "training loss", "loss", "L(θ) = (1/n) Σ Lᵢ(θ)", ""),
  m("loss.test", "test loss", "loss", "mean loss over the test examples", ""),
  m(
    "accuracy.train",
    "training accuracy",
    "fraction",
    "share of training examples whose largest output is the label",
    "",
  ),
  m(
    "accuracy.test",
    "test accuracy",
    "fraction",
    "share of test examples whose largest output is the label",
    "",
  ),
  m("learningRate", "learning rate", "θ² / loss", "η in force at this step, schedule applied", ""),
  m("loss.batch", "batch loss", "loss", "mean loss over the mini-batch of a step, before the step", ""),
  m("gradNorm.batch", "batch gradient norm", "loss / θ", "‖∇L_B(θ)‖₂ over the mini-batch of a step", ""),
  m("gradNorm", "gradient norm", "loss / θ", "‖∇L(θ)‖₂ over all training examples", ""),
  m("gap.loss", "generalization gap (loss)", "loss", "test loss − training loss", ""),
  m("gap.accuracy", "generalization gap (accuracy)", "fraction", "training accuracy − test accuracy", ""),
  m("sharpness", "sharpness", "loss / θ²", "a = λmax(H), H = ∇²L(θ)", wme),
  m(
    "sharpness.error",
    "sharpness error bar",
    "loss / θ²",
    "r = ‖Hv − λv‖ of the reported Ritz pair, or r²/gap to the next value",
    "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  ),
  m(
    "preconditionedSharpness",
    "preconditioned sharpness",
    "1 / learning rate",
    "λmax(P^-½ (H + cI) P^-½), P = √v̂ + ε, c the weight decay in the gradient",
    cohenAdaptive,
  ),
  m(
    "preconditionedSharpness.error",
    "preconditioned sharpness error bar",
    "1 / learning rate",
    "r = ‖Av − λv‖ of the reported Ritz pair, or r²/gap to the next value",
    "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  ),
  m("eigenvalues", "top Hessian eigenvalues", "loss / θ²", "λ₁ ≥ λ₂ ≥ … of H", wme),
  m(
    "eigenvalues.error",
    "top Hessian eigenvalues, error bars",
    "loss / θ²",
    "r = ‖Hv − λv‖ of each Ritz pair, or r²/gap to the next value",
    "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  ),
  m(
    "eigenvalue.min",
    "smallest Hessian eigenvalue",
    "loss / θ²",
    "λmin(H): below zero the loss falls on both sides",
    "",
  ),
  m(
    "eigenvalue.min.error",
    "smallest Hessian eigenvalue, error bar",
    "loss / θ²",
    "r = ‖Hv − λv‖ of the reported Ritz pair, or r²/gap to the next value",
    "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  ),
  m("gaussNewtonSharpness", "Gauss–Newton sharpness", "loss / θ²", "λmax((1/n) Σ GᵢGᵢᵀ)", wme),
  m(
    "gaussNewtonSharpness.error",
    "Gauss–Newton sharpness, error bar",
    "loss / θ²",
    "r = ‖Av − λv‖ of the reported Ritz pair, or r²/gap to the next value",
    "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  ),
  m(
    "gaussNewtonEigenvalues",
    "top Gauss–Newton eigenvalues",
    "loss / θ²",
    "λ₁ ≥ λ₂ ≥ … of (1/n) Σ GᵢGᵢᵀ",
    papyan,
  ),
  m(
    "gaussNewtonEigenvalues.error",
    "top Gauss–Newton eigenvalues, error bars",
    "loss / θ²",
    "‖Av − λv‖ of each Ritz pair",
    "Parlett, The Symmetric Eigenvalue Problem, §4.5",
  ),
  m(
    "sharpness.layers",
    "sharpness per layer",
    "loss / θ²",
    "λmax of each layer's diagonal block of H",
    cohen,
  ),
  m(
    "sharpness.layers.error",
    "sharpness per layer, error bars",
    "loss / θ²",
    "r = ‖Hv − λv‖ of each Ritz pair, or r²/gap to the next value",
    "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  ),
  m("sharpness.gradNorm", "gradient of sharpness", "loss / θ³", "‖∇(vᵀHv)‖ at the top eigenvector v", damian),
  m(
    "sharpness.rate",
    "predicted change of sharpness",
    "loss / θ² / step",
    "−η⟨∇S, ∇L⊥⟩, S = λmax(H)",
    damian,
  ),
  m(
    "sharpness.fall",
    "fall of sharpness by oscillation",
    "loss / θ² / step",
    "½ηx²‖∇S⊥‖², x = ⟨v, ∇L⟩/λ the oscillation along v",
    damian,
  ),
  m(
    "displacement.sharp",
    "displacement, sharp part",
    "θ",
    "‖VVᵀ(θ − θ′)‖, V top eigenvectors at the last reading",
    damian,
  ),
  m("displacement.flat", "displacement, flat part", "θ", "‖(I − VVᵀ)(θ − θ′)‖", damian),
  m("eigenvectors.overlap", "overlap of sharp subspaces", "1", "(1/m)‖VᵀV′‖_F² between two readings", damian),
  m(
    "spectrum.values",
    "spectral density, nodes",
    "loss / θ²",
    "Ritz values of stochastic Lanczos quadrature",
    "Ghorbani, Krishnan & Xiao, ICML 2019",
  ),
  m(
    "spectrum.weights",
    "spectral density, weights",
    "1",
    "share of the spectrum at each node",
    "Ghorbani, Krishnan & Xiao, ICML 2019",
  ),
  m(
    "spectrum.gaussNewton.values",
    "Gauss–Newton density, nodes",
    "loss / θ²",
    "Ritz values of stochastic Lanczos quadrature on (1/n) Σ GᵢGᵢᵀ",
    papyan,
  ),
  m(
    "spectrum.gaussNewton.weights",
    "Gauss–Newton density, weights",
    "1",
    "share of the spectrum at each node",
    papyan,
  ),
  m("trace.error", "trace, error bar", "loss / θ²", "one standard error; 0 when exact", "Hutchinson 1990"),
  m(
    "frobenius.error",
    "Frobenius norm, error bar",
    "loss / θ²",
    "one standard error; 0 when exact",
    "Hutchinson 1990",
  ),
  m(
    "noise.alignment.error",
    "noise alignment, error bar",
    "1",
    "one standard error; 0 when exact",
    "Hutchinson 1990",
  ),
  m(
    "noise.batchSharpness.error",
    "batch sharpness, error bar",
    "loss / θ²",
    "one standard error over the batches drawn; 0 when all were",
    "Andreyev & Beneventano 2024",
  ),
  m("trace", "trace", "loss / θ²", "tr H", "Ma & Ying, NeurIPS 2021"),
  m("gaussNewtonTrace", "Gauss–Newton trace", "loss / θ²", "(1/n) Σ ‖Gᵢ‖_F²", "Ma & Ying, NeurIPS 2021"),
  m(
    "gaussNewtonTrace.error",
    "Gauss–Newton trace, error bar",
    "loss / θ²",
    "one standard error; 0 when exact",
    "Hutchinson 1990",
  ),
  m("frobenius", "Frobenius norm", "loss / θ²", "‖H‖_F", "Wu, Wang & Su, NeurIPS 2022"),
  m("nonuniformity", "non-uniformity", "loss / θ²", "s = λmax((1/n) Σ Hᵢ² − H²)^½ with Hᵢ = GᵢGᵢᵀ", wme),
  m(
    "nonuniformity.error",
    "non-uniformity, error bar",
    "loss / θ²",
    "that of λmax(Σ) over 2s",
    "Parlett, The Symmetric Eigenvalue Problem, §4.5, §11.7",
  ),
  m("noise.trace", "gradient covariance trace", "loss² / θ²", "tr Cov(∇Lᵢ)", "McCandlish et al. 2018"),
  m("noise.scale", "simple noise scale", "examples", "tr Cov(∇Lᵢ) / ‖∇L‖²", "McCandlish et al. 2018"),
  m("noise.alignment", "noise alignment", "1", "μ = tr(ΣgH) / (2 L ‖H‖_F²)", "Wu, Wang & Su, NeurIPS 2022"),
  m(
    "noise.batchSharpness",
    "batch sharpness",
    "loss / θ²",
    "E[gᵀH_B g / ‖g‖²] over mini-batches",
    "Andreyev & Beneventano 2024",
  ),
  m(
    "smoothness.input",
    "input smoothness",
    "output / input",
    "((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½",
    "Ma & Ying, NeurIPS 2021",
  ),
  m(
    "smoothness.bound",
    "input smoothness bound",
    "output / input",
    "‖W₁‖₂ / min‖xᵢ‖ · ((1/n) Σ ‖∇_{W₁}f(xᵢ)‖_F²)^½",
    "Ma & Ying, NeurIPS 2021",
  ),
  m(
    "stability.meanLimit",
    "mean stability limit",
    "learning rate",
    "largest η below the full-batch threshold at λmax(H)",
    cohen,
  ),
  m(
    "stability.meanLimit.error",
    "mean stability limit, error bar",
    "learning rate",
    "that of the sharpness it rests on",
    cohen,
  ),
  m(
    "stability.varianceLimit",
    "mean-square stability limit",
    "learning rate",
    "largest η with ρ(η, B, β) ≤ 1; upper end of the bracket",
    mulayoff,
  ),
  m(
    "stability.varianceLimit.lower",
    "mean-square limit, lower end",
    "learning rate",
    "largest η the sufficient condition certifies",
    wme,
  ),
  m("stability.limit", "stability limit", "learning rate", "the smaller of mean and mean-square limit", ""),
  m(
    "stability.growth",
    "growth per step",
    "1",
    "ρ: factor of E‖δ‖² per step at the run's own η, B, β",
    mulayoff,
  ),
  m("stability.growth.error", "growth per step, error bar", "1", "estimated from its residual", mulayoff),
] as const satisfies readonly MetricInfo[];

export type MetricName = (typeof metrics)[number]["name"];
const byName = new Map<string, MetricInfo>(metrics.map((info) => [info.name, info]));
export const metricInfo = (name: string): MetricInfo | undefined => byName.get(name);

/** Values of one reading by metric name, a script's own names among them. NaN and infinities are allowed. */
export type MetricValues = Readonly<Record<string, number | readonly number[]>>;
