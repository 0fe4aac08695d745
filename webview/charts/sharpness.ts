// Sharpness with its error bar and the next eigenvalues, against the largest value this learning rate can hold.
import { limitsOf, sharpnessLimitFormula } from "../store/limits";
import { column, eigenvalue, type Column, type RunModel } from "../store/runModel";
import { valueAt } from "../store/decimate";
import { num } from "../format";
import { formulasOf, probeEmpty, type Line, type LineChart } from "./chart";

/** More eigenvalues than this are only noise on a chart. */
const maxEigenvalues = 6;

export const sharpness: LineChart = {
  kind: "line",
  id: "sharpness",
  title: "Sharpness against its limit",
  about:
    "The largest Hessian eigenvalue over steps. Above the red line, gradient descent with this learning rate is linearly unstable.",
  unit: "λmax",
  formulas: (run) => [
    ...formulasOf("sharpness", "sharpness.error", "eigenvalues"),
    ["limit", sharpnessLimitFormula(run)],
  ],
  empty: probeEmpty("sharpness", "sharpness"),
  plan: (run) => {
    // A preconditioned optimizer is judged by its own sharpness, on a scale of its own.
    const name = run.columns.has("preconditionedSharpness") ? "preconditionedSharpness" : "sharpness";
    const main = column(run, name);
    const { upper, lower } = errorBand(main, column(run, `${name}.error`));
    const limit = limitsOf(run)[name];
    const lines: Line[] = [
      { label: "+ error", column: upper, color: "blue", hidden: true },
      { label: "− error", column: lower, color: "blue", hidden: true },
      ...(name === "sharpness" ? otherEigenvalues(run) : []),
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
      levels: Number.isFinite(limit)
        ? [{ label: `limit ${num(limit)}`, value: limit, color: "red", shaded: "beyond" }]
        : [],
    };
  },
};

function otherEigenvalues(run: RunModel): Line[] {
  const lines: Line[] = [];
  for (let i = 1; i < maxEigenvalues && run.columns.has(`eigenvalues.${i}`); i++) {
    const own = eigenvalue(run, i);
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
