// The learning rate as a fraction of each stability limit: 1 is the limit, above it the point cannot hold.
import type { Column } from "../../src/record/column";
import { mapped } from "../../src/record/mapped";
import { column, none, type RunModel } from "../store/runModel";
import { rateAt } from "../../src/record/limits";
import { formulasOf, type LineChart } from "./chart";

export const fractions: LineChart = {
  kind: "line",
  id: "fractions",
  group: "stability",
  title: "Learning rate as a fraction of its limits",
  about:
    "η divided by the largest stable η, for the mean (full-batch) and the mean-square (mini-batch) condition. Above 1 is unstable. The band is the bracket of the mean-square limit.",
  measuredBy: ["sharpness", "noise"],
  unit: "η / limit",
  formulas: () =>
    formulasOf("stability.meanLimit", "stability.varianceLimit", "stability.varianceLimit.lower"),
  empty: ({ status }) =>
    status === "running"
      ? "Waiting for the first stability limit…"
      : "No stability limit was measured before the run ended.",
  plan: (run) => {
    // A larger limit means a smaller fraction: the bracket's lower end gives the upper edge of the band.
    const [lower, upper] = [
      column(run, "stability.varianceLimit.lower"),
      column(run, "stability.varianceLimit"),
    ];
    const exact = lower.values.every((value, i) => value === upper.values[i]);
    const high = exact ? none : fraction(run, lower);
    const low = fraction(run, upper);
    const mean = fraction(run, column(run, "stability.meanLimit"));
    return {
      lines: [
        { label: "mean-square, at most", column: high, color: "purple", width: 1, dash: [2, 3] },
        { label: "mean-square", column: low, color: "purple", width: 1.8 },
        { label: "mean", column: mean, color: "blue", width: 1.8 },
      ],
      bands: [{ upper: 0, lower: 1, color: "purple", opacity: 0.2 }],
      levels: [{ label: "limit 1", value: 1, color: "red", shaded: "beyond" }],
    };
  },
};

const fraction = (run: RunModel, limit: Column): Column =>
  mapped(limit, "fraction", (value, step) => rateAt(run, step) / value);
