// Non-uniformity against the bound that learning rate and batch size put on it.
import { num } from "../format";
import { limitsOf, nonuniformityFormula } from "../store/limits";
import { column } from "../store/runModel";
import { formulasOf, probeEmpty, type LineChart } from "./chart";

export const nonuniformity: LineChart = {
  kind: "line",
  id: "nonuniformity",
  title: "Non-uniformity against its bound",
  about:
    "How much curvature differs between examples. Below the line the sufficient condition of Wu, Ma & E can certify SGD stable; above it only the exact mean-square limit decides.",
  unit: "s",
  formulas: () => [...formulasOf("nonuniformity"), ["bound", nonuniformityFormula]],
  empty: probeEmpty("noise", "non-uniformity"),
  plan: (run) => {
    const bound = limitsOf(run).nonuniformity;
    const finite = Number.isFinite(bound);
    return {
      lines: [{ label: "non-uniformity", column: column(run, "nonuniformity"), color: "purple", width: 1.8 }],
      levels: finite
        ? [{ label: `bound ${num(bound)}`, value: bound, color: "yellow", shaded: "beyond" }]
        : [],
      note: finite ? undefined : "Full batch: no sampling noise, so no bound.",
    };
  },
};
