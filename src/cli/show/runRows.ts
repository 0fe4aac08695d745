// Many runs while they train: one row each, with how far, loss, sharpness, and what it came to.
import type { Shown } from "./displays";
import { number, percent, table, type Style } from "./text";
import { paintVerdict } from "./verdictText";

/** Head, a row for each run, and how many have ended. Of more runs than `room` holds those that train are shown first. */
export function rowLines(runs: readonly Shown[], style: Style, room: number): string[] {
  const shown = runs.length <= room - 2 ? runs : nearest(runs, room - 2);
  const head = ["run", "state", "step", "done", "loss", "sharpness", "of its limit", "verdict"];
  const rows = shown.map((run) => rowOf(run, style));
  return [...table(head, rows, style).split("\n"), style.dim(summaryOf(runs, shown.length))];
}

function rowOf({ title, progress, status, verdict, place }: Shown, style: Style): string[] {
  const share = progress.shareOfLimit;
  const paint = share === undefined || share < 0.95 ? style.green : share > 1.05 ? style.red : style.yellow;
  return [
    title,
    place ?? (status === "running" && !progress.reported ? "starting" : status),
    String(progress.step),
    percent(progress.fraction),
    number(progress.last("loss.train")),
    number(progress.last(progress.sharpnessName)),
    share === undefined ? "–" : paint(percent(share)),
    verdict
      ? paintVerdict(verdict, verdict.verdict, style)
      : progress.flag
        ? style.red("beyond its limit")
        : "–",
  ];
}

/** The runs that train, with those that ended before them and those that come after as far as there is room. */
function nearest(runs: readonly Shown[], room: number): readonly Shown[] {
  const training = runs.findIndex(({ status }) => status === "running");
  const middle = training < 0 ? runs.length : training;
  const from = Math.max(0, Math.min(runs.length - room, middle - (room >> 1)));
  return runs.slice(from, from + room);
}

function summaryOf(runs: readonly Shown[], shown: number): string {
  const count = (status: Shown["status"]): number => runs.filter((run) => run.status === status).length;
  const [training, waiting] = [count("running"), count("queued")];
  const parts = [
    `${runs.length - training - waiting} of ${runs.length} done`,
    `${training} training`,
    `${waiting} waiting`,
    ...(shown < runs.length ? [`${runs.length - shown} not shown`] : []),
  ];
  return parts.join(" · ");
}
