// Non-uniformity against the bound that learning rate and batch size put on it.
import { limitsOf, nonuniformityFormula } from "../../src/record/limits";
import { column } from "../store/runModel";
import { awaited, formulasOf, type LineChart } from "./chart";
import { limitLine } from "./limitLine";

export const nonuniformity: LineChart = {
  kind: "line",
  id: "nonuniformity",
  group: "noise",
  title: "Non-uniformity against its bound",
  about:
    "How much curvature differs between examples. Below the line the sufficient condition of Wu, Ma & E can certify SGD stable; above it only the exact mean-square limit decides.",
  measuredBy: ["noise"],
  unit: "s",
  formulas: () => [...formulasOf("nonuniformity"), ["bound", nonuniformityFormula]],
  empty: awaited("non-uniformity"),
  plan: (run) => {
    const own = column(run, "nonuniformity");
    const bound = limitLine(run, "nonuniformity", { label: "bound", color: "yellow" }, own);
    return {
      lines: [...bound.lines, { label: "non-uniformity", column: own, color: "purple", width: 1.8 }],
      levels: bound.levels,
      note: Number.isFinite(limitsOf(run).nonuniformity) ? undefined : noBound(run),
    };
  },
};

const noBound = ({ info }: Parameters<LineChart["plan"]>[0]): string =>
  info.experiment.optimizer.batchSize === "full"
    ? "Full batch: no sampling noise, so no bound."
    : "The bound is that of plain SGD; none is known for this optimizer.";
