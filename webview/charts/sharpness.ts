// Sharpness with its error bar and the next eigenvalues, against the largest value this learning rate can hold.
import { sharpnessLimitFormula } from "../../src/protocol/describeOptimizer";
import { column, entry, type Column, type RunModel } from "../store/runModel";
import { valueAt } from "../store/decimate";
import { awaited, formulasOf, type Line, type LineChart } from "./chart";
import { limitLine } from "./limitLine";

/** More eigenvalues than this are only noise on a chart. */
const maxEigenvalues = 6;

export const sharpness: LineChart = {
  kind: "line",
  id: "sharpness",
  title: "Sharpness against its limit",
  about:
    "The largest Hessian eigenvalue over steps. Above the red line, gradient descent with this learning rate is linearly unstable.",
  measuredBy: ["sharpness", "gradientNoise"],
  unit: "λmax",
  formulas: (run) => [
    ...formulasOf("sharpness", "sharpness.error", "eigenvalues"),
    ...(run.columns.has("preconditionedSharpness") ? formulasOf("preconditionedSharpness") : []),
    ...(run.columns.has("noise.batchSharpness") ? formulasOf("noise.batchSharpness") : []),
    ["limit", sharpnessLimitFormula(run.info.experiment.optimizer)],
  ],
  empty: awaited("sharpness"),
  plan: (run) => {
    // A preconditioned optimizer is judged by its own sharpness, on a scale of its own.
    const name = run.columns.has("preconditionedSharpness") ? "preconditionedSharpness" : "sharpness";
    const main = column(run, name);
    const { upper, lower } = errorBand(main, column(run, `${name}.error`));
    const batch = name === "sharpness" ? column(run, "noise.batchSharpness") : none;
    const limit = limitLine(run, name, "limit", "red", main.steps.length > 0 ? main.steps : batch.steps);
    const lines: Line[] = [
      { label: "+ error", column: upper, color: "blue", hidden: true },
      { label: "− error", column: lower, color: "blue", hidden: true },
      ...(name === "sharpness" ? otherEigenvalues(run) : []),
      // With batches smaller than the whole set it is this one that saturates at 2/η.
      { label: "batch sharpness", column: batch, color: "orange", width: 1.4 },
      ...limit.lines,
      {
        label: name === "sharpness" ? name : "preconditioned sharpness",
        column: main,
        color: "blue",
        width: 1.8,
      },
    ];
    return {
      lines,
      bands: [{ upper: 0, lower: 1, color: "blue", opacity: 0.25 }],
      levels: limit.levels,
    };
  },
};

const none: Column = { steps: [], values: [] };

function otherEigenvalues(run: RunModel): Line[] {
  const lines: Line[] = [];
  for (let i = 1; i < maxEigenvalues && run.columns.has(`eigenvalues.${i}`); i++) {
    const own = entry(run, "eigenvalues", i);
    lines.push({ label: `λ${subscript(i + 1)}`, column: own, color: "purple", width: 1, opacity: 1 / i });
  }
  return lines;
}

const subscript = (n: number) => [...String(n)].map((d) => "₀₁₂₃₄₅₆₇₈₉"[Number(d)]).join("");

function errorBand(main: Column, error: Column): { upper: Column; lower: Column } {
  const at = main.steps.map((step) => valueAt(error, step) ?? 0);
  const bar = (sign: number) => ({
    steps: main.steps,
    values: main.values.map((value, i) => value + sign * (Number.isFinite(at[i]) ? at[i] : 0)),
  });
  return { upper: bar(1), lower: bar(-1) };
}
