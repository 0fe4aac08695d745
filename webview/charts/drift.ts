// Drift along the minima: how far noise was predicted to carry the run, how far it went, and whether that was the same way.
import { column } from "../store/runModel";
import { awaited, formulasOf, type LineChart } from "./chart";
import { errorBand } from "./errorBand";

export const drift: LineChart = {
  kind: "line",
  id: "drift",
  group: "motion",
  title: "Drift along the minima",
  about:
    "Near its minima a run swings, and the swing slowly carries it along them: the step that theory predicts, the one measured between readings with its standard error, and the cosine between both directions.",
  measuredBy: ["manifold"],
  unit: "θ / step",
  log: true,
  formulas: () =>
    formulasOf(
      "manifold.drift",
      "manifold.driftMeasured",
      "manifold.driftCosine",
      "manifold.driftSharpness",
      "manifold.driftTrace",
    ),
  empty: (run) =>
    run.info.experiment.probes.manifold?.drift
      ? awaited("the drift")(run)
      : 'Not measured: set "drift": true in the probe "manifold".',
  plan: (run, { log }) => {
    const measured = column(run, "manifold.driftMeasured");
    const { upper, lower } = errorBand(measured, column(run, "manifold.driftMeasured.error"));
    return {
      log,
      lines: [
        {
          label: "cosine (right axis)",
          column: column(run, "manifold.driftCosine"),
          color: "green",
          width: 1,
          scale: "y2",
        },
        { label: "+ error", column: upper, color: "red", hidden: true, of: "measured" },
        { label: "− error", column: lower, color: "red", hidden: true, of: "measured" },
        { label: "measured", column: measured, color: "red", width: 1.5 },
        { label: "predicted", column: column(run, "manifold.drift"), color: "blue", width: 1.8 },
      ],
      bands: [{ upper: 1, lower: 2, color: "red", opacity: 0.15 }],
    };
  },
};
