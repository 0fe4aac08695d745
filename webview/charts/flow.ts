// The central flow: how much oscillation it predicts against how much there is, and how far it is from the run.
import { column } from "../store/runModel";
import { awaited, formulasOf, type LineChart } from "./chart";

export const flow: LineChart = {
  kind: "line",
  id: "flow",
  group: "motion",
  title: "Oscillation and the central flow",
  about:
    "Beside the run goes the smooth path that theory says it takes on average: the variance of the oscillation that keeps the sharpness at its limit, that of the run itself, and how far both paths are apart.",
  measuredBy: ["flow"],
  unit: "θ²",
  log: true,
  formulas: () => formulasOf("flow.variance", "flow.swing", "flow.distance", "flow.loss", "flow.sharpness"),
  empty: awaited("the central flow"),
  plan: (run, { log }) => ({
    log,
    lines: [
      {
        label: "distance (right axis)",
        column: column(run, "flow.distance"),
        color: "green",
        width: 1,
        scale: "y2",
      },
      { label: "of the run", column: column(run, "flow.swing"), color: "red", width: 1.2 },
      { label: "predicted", column: column(run, "flow.variance"), color: "blue", width: 1.8 },
    ],
  }),
};
