// Training and test loss over steps.
import { column } from "../store/runModel";
import { formulasOf, type LineChart } from "./chart";

export const loss: LineChart = {
  kind: "line",
  id: "loss",
  group: "generalization",
  title: "Loss",
  about: "Training and test loss over steps.",
  measuredBy: "loop",
  unit: "loss",
  log: true,
  formulas: () => formulasOf("loss.train", "loss.test"),
  empty: ({ status }) =>
    status === "running" ? "Waiting for the first steps…" : "The run ended before it recorded a loss.",
  plan: (run, { log }) => ({
    log,
    lines: [
      { label: "training", column: column(run, "loss.train"), color: "blue", width: 1.6 },
      { label: "test", column: column(run, "loss.test"), color: "orange", width: 1.4 },
    ],
  }),
};
