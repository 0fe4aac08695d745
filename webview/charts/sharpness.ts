// Sharpness with its error bar and the next eigenvalues, against the largest value this learning rate can hold.
import { sharpnessLimitFormula } from "../../src/protocol/describeOptimizer";
import { batchLimitOver } from "../../src/record/limits";
import { column, entry, none, type RunModel } from "../store/runModel";
import { awaited, formulasOf, type Line, type LineChart } from "./chart";
import { errorBand } from "./errorBand";
import { limitLine } from "./limitLine";

/** More eigenvalues than this are only noise on a chart. */
const maxEigenvalues = 6;

const batchLimitFormula = [
  "limit of the batch sharpness",
  "2(1 − β)/η + λ·2β/(1 + β) · Andreyev & Beneventano 2025 for its ends, small batches and all examples",
] as const;

export const sharpness: LineChart = {
  kind: "line",
  id: "sharpness",
  group: "stability",
  title: "Sharpness against its limit",
  about:
    "The largest Hessian eigenvalue over steps. Above the red line, gradient descent with this learning rate is linearly unstable.",
  measuredBy: ["sharpness", "gradientNoise"],
  unit: "λmax",
  formulas: (run) => [
    ...formulasOf("sharpness", "sharpness.error", "eigenvalues"),
    ...(run.series.columns.has("eigenvalue.min") ? formulasOf("eigenvalue.min") : []),
    ...(run.series.columns.has("preconditionedSharpness") ? formulasOf("preconditionedSharpness") : []),
    ...(run.series.columns.has("noise.batchSharpness") ? formulasOf("noise.batchSharpness") : []),
    ...(batchLimitOver(run, column(run, "noise.batchSharpness")).length > 0 ? [batchLimitFormula] : []),
    ["limit", sharpnessLimitFormula(run.info.experiment.optimizer)],
  ],
  empty: awaited("sharpness"),
  plan: (run) => {
    // A preconditioned optimizer is judged by its own sharpness, on a scale of its own.
    const name = run.series.columns.has("preconditionedSharpness") ? "preconditionedSharpness" : "sharpness";
    const main = column(run, name);
    const { upper, lower } = errorBand(main, column(run, `${name}.error`));
    const batch = name === "sharpness" ? column(run, "noise.batchSharpness") : none;
    const limit = limitLine(run, name, { label: "limit", color: "red" }, main.length > 0 ? main : batch);
    const label = name === "sharpness" ? name : "preconditioned sharpness";
    const lines: Line[] = [
      { label: "+ error", column: upper, color: "blue", hidden: true, of: label },
      { label: "− error", column: lower, color: "blue", hidden: true, of: label },
      ...(name === "sharpness" ? [...otherEigenvalues(run), ...smallest(run)] : []),
      // With batches smaller than the whole set it is this one that saturates: at 2/η, with momentum below the limit of the sharpness.
      { label: "batch sharpness", column: batch, color: "orange", width: 1.4 },
      { label: "its limit", column: batchLimitOver(run, batch), color: "orange", width: 1.2, dash: [5, 4] },
      ...limit.lines,
      { label, column: main, color: "blue", width: 1.8 },
    ];
    return {
      lines,
      bands: [{ upper: 0, lower: 1, color: "blue", opacity: 0.25 }],
      levels: limit.levels,
    };
  },
};

function otherEigenvalues(run: RunModel): Line[] {
  const lines: Line[] = [];
  for (let i = 1; i < maxEigenvalues && run.series.columns.has(`eigenvalues.${i}`); i++) {
    const own = entry(run, "eigenvalues", i);
    lines.push({ label: `λ${subscript(i + 1)}`, column: own, color: "purple", width: 1, opacity: 1 / i });
  }
  return lines;
}

/** Below zero the loss falls on both sides: the chart's negative side. */
const smallest = (run: RunModel): Line[] =>
  run.series.columns.has("eigenvalue.min")
    ? [{ label: "λmin", column: column(run, "eigenvalue.min"), color: "green", width: 1 }]
    : [];

const subscript = (n: number) => [...String(n)].map((d) => "₀₁₂₃₄₅₆₇₈₉"[Number(d)]).join("");
