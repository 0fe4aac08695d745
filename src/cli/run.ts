// `basin run FILE…`: every experiment and every point of its sweep, queued together, each in a process of its own.
import { dirname, join, resolve } from "node:path";
import { checkLaunch, readLog, runQueue, runsDirOf, submit, workspaceOf, type RunRecord } from "../launchers";
import { fileError } from "../protocol/errors";
import { holderOf } from "../record/disk/processes";
import { slurmFolder } from "../record/jobs";
import type { ExperimentPoint } from "../protocol/checkExperiment";
import { describeOptimizer } from "../protocol/describeOptimizer";
import type { Experiment } from "../protocol/experiment";
import { hasScript } from "../protocol/script";
import { experimentOf } from "../record/decodeRunInfo";
import { flagged } from "../types/verdict";
import type { Arguments } from "./arguments";
import { exit, type Command } from "./command";
import { readExperiments, setOption, shownPath } from "./experiments";
import { runTable } from "./list";
import { processes, runsOption } from "./places";
import { printable } from "../util/printable";
import { leftText } from "./show/displays";
import { print, warn } from "./show/print";
import { isTerminal, styleOf } from "./show/text";
import { inJob, watchRuns, type Outcome, type WatchedRun } from "./watchRuns";

export const run: Command = {
  name: "run",
  usage: "FILE… [--set KEY=VALUE]… [--runs DIR] [--on local|slurm] [--json] [--check]",
  summary: "train each experiment, live, and judge its learning rate",
  details: [
    "The points of a sweep wait in a queue and train one after another, or as many at a time as `launch.concurrency` says.",
    "Ctrl-C stops them and still judges those that train; twice ends them at once. A closed terminal leaves them training.",
    "On Slurm a sweep becomes a job array, which goes on by itself: a terminal shows it until Ctrl-C, which leaves it; without a terminal, `--json` or `--check` the call returns once it is submitted.",
  ].join("\n"),
  options: [
    setOption,
    runsOption,
    { name: "on", value: "PLACE", text: "local or slurm, whatever `launch.on` says" },
    {
      name: "json",
      text: "print every event, then the verdict, as one JSON object a line; of several runs with the `run` it is of",
    },
    { name: "check", text: "exit with 3 when a run's learning rate breaks linear stability" },
  ],
  words: { least: 1, most: Infinity, what: "an experiment file, *.basin.json" },
  run: async (given) => {
    const json = given.has("json");
    const { runs, places } = await submitAll(given);
    const keepGoing = async () => {
      for (const place of places) await runQueue(place, processes);
    };
    if (runs.length > 0 && runs.every(inJob)) {
      await keepGoing();
      const refused = tellSubmitted(runs, !json);
      if (refused || (!json && !given.has("check") && !isTerminal(process.stdout)))
        return refused ? exit.badInput : exit.done;
    }
    const outcomes = await watchRuns(runs, { json, keepGoing });
    const records = outcomes.flatMap(({ record }) => record ?? []);
    if (outcomes.length > 1 && !json) print(`\n${runTable(records, styleOf(process.stdout))}\n`);
    return statusOf(outcomes, given.has("check"));
  },
};

/** Says what was submitted, and how to see it again. Whether anything was refused, which is said in its place. */
function tellSubmitted(runs: readonly WatchedRun[], aloud: boolean): boolean {
  const holders = runs.map(({ folder }) => holderOf(folder));
  const refused = runs.filter((_, i) => holders[i]?.exit === exit.badInput);
  for (const text of new Set(refused.map(({ folder }) => readLog(folder)))) warn(`${text}\n`);
  const jobs = holders.flatMap((holder) => (holder?.handle?.on === "slurm" ? [holder.handle.job] : []));
  if (aloud && jobs.length > 0) {
    const count = jobs.length === 1 ? "1 run" : `${jobs.length} runs`;
    const scripts = shownPath(join(dirname(runs[0].folder), slurmFolder));
    print(
      `Submitted ${count} to Slurm: job ${[...new Set(jobs)].join(", ")}; batch scripts in ${scripts}.\n${leftText}\n`,
    );
  }
  return refused.length > 0;
}

const places = ["local", "slurm"] as const satisfies readonly Experiment["launch"]["on"][];

/** Where `--on` wants the runs; undefined where it says nothing. @throws UserError */
function placeIn(given: Arguments): (typeof places)[number] | undefined {
  const named = given.one("on");
  const place = places.find((one) => one === named);
  if (named !== undefined && !place)
    throw fileError("--on", `${printable(named)} is no place for a run`, `Known here: ${places.join(", ")}.`);
  return place;
}

const launchedOn = (experiment: Experiment, on: (typeof places)[number] | undefined): Experiment =>
  on === undefined ? experiment : { ...experiment, launch: { ...experiment.launch, on } };

/**
 * Queues every point of every file: the files of one call are one submission to each runs folder.
 *
 * @throws UserError also for what a cluster would refuse, before anything is made.
 */
async function submitAll(given: Arguments): Promise<{ runs: WatchedRun[]; places: string[] }> {
  const on = placeIn(given);
  const jobs = readExperiments(given.words, given.all("set")).flatMap(({ file, points }) => {
    const runsDir = resolve(given.one("runs") ?? runsDirOf(workspaceOf(file)));
    return points.map((written) => {
      const point = { ...written, experiment: launchedOn(written.experiment, on) };
      return { runsDir, point, request: { ...point, file } };
    });
  });
  await checkLaunch(jobs.map(({ request }) => request));
  const dirs = [...new Set(jobs.map(({ runsDir }) => runsDir))];
  const runs = dirs.flatMap((place) => {
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
    places: dirs,
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
