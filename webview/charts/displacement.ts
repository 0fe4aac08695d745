// Motion along the minima: each displacement split into the sharp subspace (oscillation) and the rest (drift).
import { column } from "../store/runModel";
import { awaited, formulasOf, type LineChart } from "./chart";

export const displacement: LineChart = {
  kind: "line",
  id: "displacement",
  group: "motion",
  title: "Displacement, sharp and flat part",
  about:
    "How far the parameters moved between two readings: along the sharpest directions, where they oscillate, and across them, where they drift. The overlap says how much the sharp directions themselves turned.",
  measuredBy: ["manifold"],
  unit: "θ",
  log: true,
  formulas: () => formulasOf("displacement.sharp", "displacement.flat", "eigenvectors.overlap"),
  empty: awaited("displacement"),
  plan: (run, { log }) => ({
    log,
    lines: [
      {
        label: "overlap (right axis)",
        column: column(run, "eigenvectors.overlap"),
        color: "green",
        width: 1,
        scale: "y2",
      },
      { label: "sharp", column: column(run, "displacement.sharp"), color: "red", width: 1.5 },
      { label: "flat", column: column(run, "displacement.flat"), color: "blue", width: 1.8 },
    ],
  }),
};
