// Where training takes the sharpness: the change the gradient predicts, and the fall that oscillation adds.
import { mapped } from "../../src/record/mapped";
import { column } from "../store/runModel";
import { awaited, formulasOf, type LineChart } from "./chart";

export const sharpnessRate: LineChart = {
  kind: "line",
  id: "sharpnessRate",
  group: "motion",
  title: "Forces on the sharpness",
  about:
    "Per step, to first order: how the gradient changes the sharpness, and how much oscillation along the sharpest direction lowers it. At the edge of stability the two cancel.",
  measuredBy: ["manifold"],
  unit: "Δλmax / step",
  formulas: () => formulasOf("sharpness.rate", "sharpness.fall", "sharpness.gradNorm"),
  empty: awaited("the gradient of sharpness"),
  plan: (run) => ({
    lines: [
      // A fall counts downwards.
      {
        label: "by oscillation",
        column: mapped(column(run, "sharpness.fall"), "negative", (value) => -value),
        color: "red",
        width: 1.5,
      },
      { label: "by the gradient", column: column(run, "sharpness.rate"), color: "blue", width: 1.8 },
    ],
    levels: [{ label: "", value: 0, color: "muted" }],
    outliers: "clip",
  }),
};
