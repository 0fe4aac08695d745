// `basin run FILE…`: every experiment and every point of its sweep, one after another, each in a process of its own.
import { runsDirOf, startRun, workspaceOf, type RunRecord } from "../launchers";
import type { ExperimentPoint } from "../protocol/checkExperiment";
import { describeOptimizer } from "../protocol/describeOptimizer";
import type { Experiment } from "../protocol/experiment";
import { flagged } from "../types/verdict";
import { exit, type Command } from "./command";
import { readExperiments, setOption } from "./experiments";
import { runTable } from "./list";
import { runScript, runsOption } from "./places";
import { styleOf } from "./show/text";
import { watchRun } from "./watchRun";

export const run: Command = {
  name: "run",
  usage: "FILE… [--set KEY=VALUE]… [--runs DIR] [--json] [--check]",
  summary: "train each experiment, live, and judge its learning rate",
  details: "A sweep runs point by point. Ctrl-C stops a run and still judges it; twice ends it at once.",
  options: [
    setOption,
    runsOption,
    { name: "json", text: "print every event, then the verdict, as one JSON object a line" },
    { name: "check", text: "exit with 3 when a run's learning rate breaks linear stability" },
  ],
  words: { least: 1, most: Infinity, what: "an experiment file, *.basin.json" },
  run: async (given) => {
    const json = given.has("json");
    const jobs = readExperiments(given.words, given.all("set")).flatMap(({ file, points }) =>
      points.map((point) => ({ file, point })),
    );
    const records: RunRecord[] = [];
    const statuses: number[] = [];
    for (const [i, { file, point }] of jobs.entries()) {
      const started = await startRun({
        request: { ...point, file },
        runsDir: given.one("runs") ?? runsDirOf(workspaceOf(file)),
        detached: false,
        runScript,
      });
      if (i > 0 && !json) process.stdout.write("\n");
      const title = `${titleOf(point)}${jobs.length > 1 ? `  (${i + 1} of ${jobs.length})` : ""}`;
      const { record, status } = await watchRun(started, { experiment: point.experiment, title, json });
      records.push(record);
      statuses.push(status);
      if (status === exit.interrupted || status === exit.badInput) break;
    }
    if (records.length > 1 && !json)
      process.stdout.write(`\n${runTable(records, styleOf(process.stdout))}\n`);
    const worst = statuses.find((status) => status !== exit.done);
    return worst ?? (given.has("check") && records.some(isFlagged) ? exit.flagged : exit.done);
  },
};

const isFlagged = ({ verdict }: RunRecord): boolean => verdict !== null && flagged.includes(verdict.verdict);

const plain = ({ optimizer }: Experiment): boolean => describeOptimizer(optimizer) === "sgd";

/** A path goes by its last part: the title is for telling runs apart. */
const shown = (value: unknown): string =>
  typeof value === "string" ? value.replace(/^.*[\\/]/, "") : JSON.stringify(value);

function titleOf({ experiment, overrides }: ExperimentPoint): string {
  const { learningRate, batchSize } = experiment.optimizer;
  const others = Object.fromEntries(
    Object.entries(overrides).filter(
      ([key]) => !["optimizer.learningRate", "optimizer.batchSize"].includes(key),
    ),
  );
  const parts = [
    experiment.name,
    `learning rate ${learningRate}`,
    `batch ${batchSize}`,
    ...(plain(experiment) ? [] : [describeOptimizer(experiment.optimizer)]),
    ...Object.entries(others).map(([key, value]) => `${key} ${shown(value)}`),
  ];
  return parts.join(" · ");
}
