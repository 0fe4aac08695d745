// `basin list`: the runs there are, newest first.
import { JobPoll, listRuns, runQueue, type RunRecord } from "../launchers";
import { stringify } from "../protocol/numbers";
import { isActive } from "../types/runStatus";
import { exit, type Command } from "./command";
import { printable } from "../util/printable";
import { processes, runsDirHere, runsOption } from "./places";
import { print, warn } from "./show/print";
import { number, styleOf, table, type Style } from "./show/text";
import { paintVerdict } from "./show/verdictText";

export const list: Command = {
  name: "list",
  usage: "[--runs DIR] [--json]",
  summary: "the runs of this workspace, newest first",
  options: [runsOption, { name: "json", text: "print a JSON list" }],
  words: { least: 0, most: 0, what: "no words" },
  run: async (given) => {
    const runsDir = runsDirHere(given);
    let runs = await listRuns(runsDir);
    if (runs.some(({ place, status }) => place !== null && isActive(status))) {
      const poll = new JobPoll();
      await poll.look(runs);
      if (poll.problem !== null) warn(`${printable(poll.problem)}\n`);
      runs = await listRuns(runsDir);
    }
    if (given.has("json")) print(`${stringify(runs.map(plain))}\n`);
    else if (runs.length === 0) print(`No runs in ${runsDir}. Start one with \`basin run FILE\`.\n`);
    else print(`${runTable(runs, styleOf(process.stdout))}\n`);
    // Whoever kept the queue going may have been killed; a reader that cannot start it again still lists.
    if (runs.some(({ status }) => status === "queued"))
      await runQueue(runsDir, processes).catch(() => undefined);
    return exit.done;
  },
};

/** A run for `list --json`. */
const plain = ({ folder, info, status, step, time, verdict, last, damage, place }: RunRecord) => ({
  id: info.id,
  folder,
  name: info.experiment.name,
  status,
  step,
  time,
  overrides: info.overrides,
  ...(info.sweep && { sweep: info.sweep }),
  ...(damage.length > 0 && { damage }),
  ...(place && { place }),
  verdict: verdict?.verdict ?? null,
  metrics: last,
});

/** Also the end of a sweep. Runs submitted together tell their place; what is damaged is said below. */
export function runTable(runs: readonly RunRecord[], style: Style): string {
  const places = runs.some(({ info }) => info.sweep);
  const rows = runs.map(({ info, status, step, verdict, last }) => {
    const { learningRate, batchSize } = info.experiment.optimizer;
    return [
      info.id,
      ...(places ? [info.sweep ? `${info.sweep.index} of ${info.sweep.of}` : ""] : []),
      status,
      String(step),
      number(learningRate),
      String(batchSize),
      number(last["loss.train"] as number | undefined),
      number(last.sharpness as number | undefined),
      number(verdict?.largestStableLearningRate),
      verdict ? paintVerdict(verdict, verdict.verdict, style) : "–",
    ];
  });
  const head = ["status", "step", "η", "batch", "loss", "sharpness", "η limit", "verdict"];
  const damaged = runs.flatMap(({ info, damage }) =>
    damage.length > 0 ? [style.yellow(`damaged: ${printable(`${info.id}: ${damage.join(", ")}`)}`)] : [],
  );
  const jobs = placeLines(runs).map((line) => style.dim(printable(line)));
  return [table(["run", ...(places ? ["point"] : []), ...head], rows, style), ...jobs, ...damaged].join("\n");
}

/** Where Slurm has the runs: a line for each, one for all that wait for the same. */
function placeLines(runs: readonly RunRecord[]): string[] {
  const groups = new Map<string, RunRecord[]>();
  for (const run of runs)
    if (run.place) groups.set(run.place.says, [...(groups.get(run.place.says) ?? []), run]);
  return [...groups].map(([says, [run, ...others]]) =>
    others.length > 0
      ? `${others.length + 1} runs: ${says}`
      : `${run.info.id}: ${says} (job ${run.place!.job})`,
  );
}
