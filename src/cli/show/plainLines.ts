// Runs as plain lines, for a pipe or a file: a line every few seconds, and what each run comes to.
import type { Display, Shown } from "./displays";
import { stoppingText } from "./displays";
import { print, warn } from "./print";
import type { Progress } from "./progress";
import { duration, number, percent } from "./text";
import { flagWords } from "./verdictText";

const plainMilliseconds = 2000;
const sharpnessWords = {
  sharpness: "sharpness",
  preconditionedSharpness: "preconditioned sharpness",
} as const;

interface Told {
  at: number;
  step: number;
  notes: number;
  flagged: boolean;
}

export class PlainLines implements Display {
  private readonly told = new Map<Shown, Told>();

  constructor(private readonly runs: readonly Shown[]) {}

  update(run: Shown): void {
    const told = this.begin(run);
    for (const note of run.progress.notes.slice(told.notes)) print(`${this.prefix(run)}note: ${note}\n`);
    told.notes = run.progress.notes.length;
    const { flag } = run.progress;
    if ((flag === null) === told.flagged) {
      told.flagged = flag !== null;
      const withdrawn = "The learning rate is below its limit again, or the loss falls.";
      print(`${this.prefix(run)}${flag ? flagWords(flag) : withdrawn}\n`);
    }
    if (Date.now() - told.at >= plainMilliseconds) this.tell(run, told);
  }

  /** Its title, once. */
  private begin(run: Shown): Told {
    const known = this.told.get(run);
    if (known) return known;
    const told = { at: 0, step: -1, notes: 0, flagged: false };
    this.told.set(run, told);
    print(`${run.title}\n`);
    return told;
  }

  private tell(run: Shown, told: Told): void {
    const { progress } = run;
    if (!progress.reported || progress.step === told.step || progress.curve("loss.train").length === 0)
      return;
    told.at = Date.now();
    told.step = progress.step;
    print(`${this.prefix(run)}${lineOf(progress)}\n`);
  }

  /** Lines of several runs come mixed: each says which run it is of. */
  private prefix(run: Shown): string {
    const n = this.runs.length;
    return n > 1 ? `[${this.runs.indexOf(run) + 1}/${n}] ` : "";
  }

  ended(run: Shown, text: string): void {
    this.tell(run, this.begin(run));
    const title = this.runs.length > 1 ? `\n${this.prefix(run)}${run.title}` : "";
    print(`${title}${text}`);
  }

  stopping(): void {
    warn(`${stoppingText}\n`);
  }

  close(): void {}
}

function lineOf(progress: Progress): string {
  const { steps } = progress.experiment.stop;
  const { sharpnessLimit, shareOfLimit } = progress;
  const sharpness = progress.last(progress.sharpnessName);
  const parts = [
    Number.isFinite(steps) ? `step ${progress.step}/${steps}` : `step ${progress.step}`,
    `loss ${number(progress.last("loss.train"))}`,
    ...(sharpness === undefined ? [] : [`${sharpnessWords[progress.sharpnessName]} ${number(sharpness)}`]),
    ...(sharpnessLimit === undefined ? [] : [`its limit ${number(sharpnessLimit)}`]),
    ...(shareOfLimit === undefined ? [] : [`learning rate at ${percent(shareOfLimit)} of the stable limit`]),
    ...(progress.speed > 0 ? [`${number(progress.speed)} steps/s`] : []),
    ...(progress.ended || progress.secondsLeft === 0 || !Number.isFinite(progress.secondsLeft)
      ? []
      : [`${duration(progress.secondsLeft)} left`]),
  ];
  return parts.join("  ");
}
