// The simple noise scale against the batch size: below it larger batches pay, far above it they no longer do.
import { num } from "../format";
import { column } from "../store/runModel";
import { awaited, formulasOf, type LineChart } from "./chart";

export const gradientNoise: LineChart = {
  kind: "line",
  id: "gradientNoise",
  group: "noise",
  title: "Noise scale against the batch size",
  about:
    "How many examples a batch needs before its gradient is more signal than noise. While the scale is above the batch size, noise drives the steps.",
  measuredBy: ["gradientNoise"],
  unit: "examples",
  log: true,
  formulas: () => formulasOf("noise.scale", "noise.trace"),
  empty: awaited("the noise scale"),
  plan: (run, { log }) => {
    const { batchSize } = run.info.experiment.optimizer;
    const B = batchSize === "full" ? run.series.header?.examples : batchSize;
    return {
      log,
      lines: [
        {
          label: "covariance trace (right axis)",
          column: column(run, "noise.trace"),
          color: "green",
          width: 1.2,
          scale: "y2",
        },
        { label: "noise scale", column: column(run, "noise.scale"), color: "orange", width: 1.8 },
      ],
      levels: B === undefined ? [] : [{ label: `batch size ${num(B)}`, value: B, color: "blue" }],
    };
  },
};
