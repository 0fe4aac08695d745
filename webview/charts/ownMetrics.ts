// Charts of metrics that Basin does not know: a script's own, by the names and units that the log's header gives them.
import { metricInfo } from "../../src/protocol/metrics";
import { column, type RunModel } from "../store/runModel";
import { isFolded } from "../store/provenance";
import type { LineChart } from "./chart";

/** More charts than this are no longer looked at. */
const most = 40;

/** Scalars of the run that no chart of the registry draws, in the order in which they came. */
export const ownMetrics = ({ series }: RunModel): string[] =>
  [...series.columns.keys()]
    .filter((name) => !metricInfo(name) && !isFolded(name) && !metricInfo(name.replace(/\.\d+$/, "")))
    .slice(0, most);

/** One metric over steps, with its error bar where it has one. */
export function ownMetricChart(name: string, run: RunModel): LineChart {
  const { label, unit, about } = run.series.infoOf(name);
  return {
    kind: "line",
    id: `own-${name}`,
    group: "own",
    title: label,
    about: about || `${label} over steps.`,
    measuredBy: "loop",
    unit,
    formulas: () => [[label, about || "not described in the log"]],
    empty: () => "Waiting for the first reading…",
    plan: (now) => ({ lines: [{ label, column: column(now, name), color: "blue", width: 1.8 }] }),
  };
}
