// The generalization gap, in loss and, for classification, in accuracy.
import { column } from "../store/runModel";
import { formulasOf, awaited, type Line, type LineChart } from "./chart";

export const gap: LineChart = {
  kind: "line",
  id: "gap",
  group: "generalization",
  title: "Generalization gap",
  about: "Test loss minus training loss; for classification also training accuracy minus test accuracy.",
  measuredBy: ["generalization"],
  unit: "loss",
  formulas: () => formulasOf("gap.loss", "gap.accuracy"),
  empty: awaited("generalization gap"),
  plan: (run) => {
    const accuracy = column(run, "gap.accuracy");
    const lines: Line[] = [
      { label: "loss gap", column: column(run, "gap.loss"), color: "orange", width: 1.8 },
    ];
    if (accuracy.length > 0)
      lines.push({
        label: "accuracy gap (right axis)",
        column: accuracy,
        color: "green",
        width: 1.4,
        scale: "y2",
      });
    return { lines };
  },
};
