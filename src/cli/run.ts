// `basin run FILE…`: every experiment and every point of its sweep, queued together, each in a process of its own.
import { resolve } from "node:path";
import { runQueue, runsDirOf, submit, workspaceOf, type RunRecord } from "../launchers";
import type { ExperimentPoint } from "../protocol/checkExperiment";
import { describeOptimizer } from "../protocol/describeOptimizer";
import type { Experiment } from "../protocol/experiment";
import { hasScript } from "../protocol/script";
import { experimentOf } from "../record/decodeRunInfo";
import { flagged } from "../types/verdict";
import type { Arguments } from "./arguments";
import { exit, type Command } from "./command";
import { readExperiments, setOption } from "./experiments";
import { runTable } from "./list";
import { processes, runsOption } from "./places";
import { printable } from "../util/printable";
import { print } from "./show/print";
import { styleOf } from "./show/text";
import { watchRuns, type Outcome, type WatchedRun } from "./watchRuns";

export const run: Command = {
  name: "run",
  usage: "FILE… [--set KEY=VALUE]… [--runs DIR] [--json] [--check]",
  summary: "train each experiment, live, and judge its learning rate",
  details: [
    "The points of a sweep wait in a queue and train one after another, or as many at a time as `launch.concurrency` says.",
    "Ctrl-C stops them and still judges those that train; twice ends them at once. A closed terminal leaves them training.",
  ].join("\n"),
  options: [
    setOption,
    runsOption,
    {
      name: "json",
      text: "print every event, then the verdict, as one JSON object a line; of several runs with the `run` it is of",
    },
    { name: "check", text: "exit with 3 when a run's learning rate breaks linear stability" },
  ],
  words: { least: 1, most: Infinity, what: "an experiment file, *.basin.json" },
  run: async (given) => {
    const json = given.has("json");
    const { runs, places } = submitAll(given);
    const keepGoing = async () => {
      for (const place of places) await runQueue(place, processes);
    };
    const outcomes = await watchRuns(runs, { json, keepGoing });
    const records = outcomes.flatMap(({ record }) => record ?? []);
    if (outcomes.length > 1 && !json) print(`\n${runTable(records, styleOf(process.stdout))}\n`);
    return statusOf(outcomes, given.has("check"));
  },
};

/** Queues every point of every file: the files of one call are one submission to each runs folder. */
function submitAll(given: Arguments): { runs: WatchedRun[]; places: string[] } {
  const jobs = readExperiments(given.words, given.all("set")).flatMap(({ file, points }) => {
    const runsDir = resolve(given.one("runs") ?? runsDirOf(workspaceOf(file)));
    return points.map((point) => ({ runsDir, point, request: { ...point, file } }));
  });
  const places = [...new Set(jobs.map(({ runsDir }) => runsDir))];
  const runs = places.flatMap((place) => {
    const own = jobs.filter(({ runsDir }) => runsDir === place);
    const made = submit(
      place,
      own.map(({ request }) => request),
    );
    return made.map((one, i) => ({
      ...one,
      experiment: experimentOf(own[i].point.experiment),
      point: own[i].point,
    }));
  });
  const many = (i: number) => (runs.length > 1 ? `  (${i + 1} of ${runs.length})` : "");
  return {
    runs: runs.map(({ point, ...rest }, i) => ({ ...rest, title: `${titleOf(point)}${many(i)}` })),
    places,
  };
}

/** Of several outcomes the one that most wants telling: bad input, then an interruption, then any failure. */
function statusOf(outcomes: readonly Outcome[], check: boolean): number {
  const statuses = outcomes.map(({ status }) => status);
  const worst = [exit.badInput, exit.interrupted, exit.failed].find((status) => statuses.includes(status));
  if (worst !== undefined) return worst;
  return check && outcomes.some(({ record }) => record && isFlagged(record)) ? exit.flagged : exit.done;
}

const isFlagged = ({ verdict }: RunRecord): boolean => verdict !== null && flagged.includes(verdict.verdict);

const plain = (experiment: Experiment): boolean =>
  hasScript(experiment) || describeOptimizer(experiment.optimizer) === "sgd";

/** A path goes by its last part: the title is for telling runs apart. */
const shown = (value: unknown): string =>
  typeof value === "string" ? value.replace(/^.*[\\/]/, "") : JSON.stringify(value);

function titleOf({ experiment, overrides }: ExperimentPoint): string {
  const { learningRate, batchSize }: Partial<Experiment["optimizer"]> = experiment.optimizer;
  const others = Object.fromEntries(
    Object.entries(overrides).filter(
      ([key]) => !["optimizer.learningRate", "optimizer.batchSize"].includes(key),
    ),
  );
  const parts = [
    experiment.name,
    ...(learningRate === undefined ? [] : [`learning rate ${learningRate}`]),
    ...(batchSize === undefined ? [] : [`batch ${batchSize}`]),
    ...(plain(experiment) ? [] : [describeOptimizer(experiment.optimizer)]),
    ...Object.entries(others).map(([key, value]) => `${key} ${shown(value)}`),
  ];
  return printable(parts.join(" · "));
}
