// What is worth telling of runs that have moved on: one will meet its limit, was flagged, or ended, or the last of a sweep did. Pure.
import type { RunRecord } from "../../launchers";
import { forecastWords } from "../../record/edgeForecast";
import { isActive } from "../../types/runStatus";
import { flagged } from "../../types/verdict";
import { shortNumber } from "../format";
import { labelOf } from "../runLabel";
import { verdictWords } from "../../types/verdictWords";

export interface Notice {
  /** Whether it tells of a learning rate that breaks stability. */
  readonly flagged: boolean;
  /** Whether it tells of an end. */
  readonly ended: boolean;
  /** Whether it tells of a limit that a run will meet. */
  readonly foretells?: true;
  readonly text: string;
  readonly run: RunRecord;
}

/** Ends that are told: a run that the user stopped is no news, and one that failed is told with its log. */
const told = ({ status }: RunRecord): boolean => status === "finished" || status === "diverged";

/**
 * @param before    The same runs as last seen; what was not there, or had ended, is no news.
 * @param foretold  Folders of runs whose forecast was told: one that goes and comes back is no news either.
 */
export function noticesOf(
  before: readonly RunRecord[],
  after: readonly RunRecord[],
  foretold: ReadonlySet<string> = new Set(),
): Notice[] {
  const was = new Map(before.map((run) => [run.folder, run]));
  const ends = after.filter((run) => {
    const old = was.get(run.folder);
    return old !== undefined && isActive(old.status) && !isActive(run.status) && told(run);
  });
  const single = ends.filter(({ info }) => !isOfSweep(info));
  const sweeps = new Set(ends.filter(({ info }) => isOfSweep(info)).map(sweepOf));
  return [
    ...after
      .filter((run) => newlyForeseen(was.get(run.folder), run) && !foretold.has(run.folder))
      .map(forecastOf),
    ...after.filter((run) => newlyFlagged(was.get(run.folder), run)).map(provisional),
    ...single.map(endOf),
    ...[...sweeps].flatMap((sweep) => endOfSweep(after.filter((run) => sweepOf(run) === sweep))),
  ];
}

const isOfSweep = ({ sweep }: RunRecord["info"]): boolean => sweep !== undefined && sweep.of > 1;
const sweepOf = ({ info }: RunRecord): string | undefined => info.sweep?.id;
const isFlagged = ({ verdict }: RunRecord): boolean => verdict !== null && flagged.includes(verdict.verdict);

const newlyFlagged = (old: RunRecord | undefined, run: RunRecord): boolean =>
  old !== undefined && old.flag === null && run.flag !== null && run.status === "running";

const newlyForeseen = (old: RunRecord | undefined, run: RunRecord): boolean =>
  old !== undefined && old.forecast === null && run.forecast !== null && run.status === "running";

function forecastOf(run: RunRecord): Notice {
  const { experiment } = run.info;
  const sharpness = experiment.optimizer.kind === "sgd" ? "sharpness" : "preconditioned sharpness";
  return {
    flagged: false,
    ended: false,
    foretells: true,
    run,
    text: `${experiment.name} (${labelOf(run)}): its ${sharpness} ${forecastWords(run.forecast!)}.`,
  };
}

function provisional(run: RunRecord): Notice {
  const { learningRate, limit } = run.flag!;
  const rate = `learning rate ${shortNumber(learningRate)} is beyond its limit ${shortNumber(limit)}`;
  return { flagged: true, ended: false, run, text: `${run.info.experiment.name}: ${rate}; it still trains.` };
}

function endOf(run: RunRecord): Notice {
  const words = run.verdict?.summary ?? "ended without a verdict.";
  return {
    flagged: isFlagged(run),
    ended: true,
    run,
    text: `${run.info.experiment.name} (${labelOf(run)}): ${words}`,
  };
}

/** One notice for all of them, when none trains or waits any more. */
function endOfSweep(runs: readonly RunRecord[]): Notice[] {
  if (runs.some(({ status }) => isActive(status))) return [];
  const counts = new Map<string, number>();
  for (const { verdict } of runs) {
    const words = verdict ? verdictWords(verdict).short : "without a verdict";
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const said = [...counts].map(([words, n]) => `${n} ${words}`).join(", ");
  const run = runs.find(isFlagged) ?? runs[0];
  return [
    {
      flagged: runs.some(isFlagged),
      ended: true,
      run,
      text: `Sweep ${run.info.experiment.name} has ended: ${said}.`,
    },
  ];
}
