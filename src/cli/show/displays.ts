// Three ways to show a run while it trains: a block redrawn on a terminal, plain lines, or one JSON object a line.
import type { RunEvent } from "../../protocol/events";
import { stringify } from "../../protocol/numbers";
import type { Progress } from "./progress";
import { bar, cut, duration, isTerminal, number, percent, sparkline, styleOf, type Style } from "./text";

export interface Display {
  update(events: readonly RunEvent[]): void;
  /** The run was asked to stop and now writes its verdict. */
  stopping(): void;
  /** Removes what was only for while it trained. */
  close(): void;
}

/** The display that fits stdout. `title` names the run. */
export function displayFor(progress: Progress, title: string, json: boolean): Display {
  if (json) return new JsonLines();
  return isTerminal(process.stdout) ? new LiveBlock(progress, title) : new PlainLines(progress, title);
}

class JsonLines implements Display {
  update(events: readonly RunEvent[]): void {
    if (events.length > 0) process.stdout.write(events.map((event) => `${stringify(event)}\n`).join(""));
  }
  stopping(): void {}
  close(): void {}
}

const plainMilliseconds = 2000;
const stoppingText = "Stopping: measuring the verdict. Press Ctrl-C again to end at once.";

class PlainLines implements Display {
  private told = 0;
  private notes = 0;
  private step = -1;
  private closed = false;

  constructor(
    private readonly progress: Progress,
    title: string,
  ) {
    process.stdout.write(`${title}\n`);
  }

  update(): void {
    for (; this.notes < this.progress.notes.length; this.notes++)
      process.stdout.write(`note: ${this.progress.notes[this.notes]}\n`);
    if (Date.now() - this.told >= plainMilliseconds) this.tell();
  }

  private tell(): void {
    const { progress } = this;
    if (!progress.header || progress.step === this.step || progress.series("loss.train").length === 0) return;
    this.told = Date.now();
    this.step = progress.step;
    const { sharpnessLimit, shareOfLimit } = progress;
    const sharpness = progress.last(progress.sharpnessName);
    const parts = [
      `step ${progress.step}/${progress.experiment.stop.steps}`,
      `loss ${number(progress.last("loss.train"))}`,
      ...(sharpness === undefined ? [] : [`${sharpnessWords[progress.sharpnessName]} ${number(sharpness)}`]),
      ...(sharpnessLimit === undefined ? [] : [`its limit ${number(sharpnessLimit)}`]),
      ...(shareOfLimit === undefined
        ? []
        : [`learning rate at ${percent(shareOfLimit)} of the stable limit`]),
      ...(progress.speed > 0 ? [`${number(progress.speed)} steps/s`] : []),
      ...(progress.ended || progress.secondsLeft === 0 || !Number.isFinite(progress.secondsLeft)
        ? []
        : [`${duration(progress.secondsLeft)} left`]),
    ];
    process.stdout.write(`${parts.join("  ")}\n`);
  }

  stopping(): void {
    process.stderr.write(`${stoppingText}\n`);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.tell();
  }
}

const sharpnessWords = {
  sharpness: "sharpness",
  preconditionedSharpness: "preconditioned sharpness",
} as const;
/** For the narrow first column. */
const shortNames = { sharpness: "sharpness", preconditionedSharpness: "precond. sharp" } as const;
const drawMilliseconds = 100;
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

class LiveBlock implements Display {
  private readonly style: Style = styleOf(process.stdout);
  private readonly timer: NodeJS.Timeout;
  private lines = 0;
  private asked = false;
  private closed = false;
  private readonly restore = () => process.stdout.write(showCursor);

  constructor(
    private readonly progress: Progress,
    private readonly title: string,
  ) {
    process.stdout.write(hideCursor);
    process.once("exit", this.restore);
    this.timer = setInterval(() => this.draw(), drawMilliseconds);
    this.draw();
  }

  update(): void {}

  stopping(): void {
    this.asked = true;
    this.draw();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
    this.draw();
    this.restore();
    process.removeListener("exit", this.restore);
  }

  /** Draws over what was drawn before, in one write, so that nothing flickers. */
  private draw(): void {
    const width = (process.stdout.columns || 80) - 1;
    const lines = blockLines(this.progress, this.title, this.style, width, this.asked && !this.closed).map(
      (line) => cut(line, width),
    );
    const up = this.lines > 0 ? `\u001b[${this.lines}A` : "";
    process.stdout.write(`${up}\r\u001b[J${lines.join("\n")}\n`);
    this.lines = lines.length;
  }
}

/** The block, line by line. */
export function blockLines(
  p: Progress,
  title: string,
  style: Style,
  width: number,
  stopping: boolean,
): string[] {
  const { stop } = p.experiment;
  const unlimited = stop.steps >= 1e9;
  const left = p.ended ? "done" : phaseOf(p);
  const steps = unlimited ? `step ${p.step}` : `step ${p.step}/${stop.steps}`;
  const speed = !(p.speed > 0) ? "" : `${number(p.speed)} steps/s`;
  const progressLine = [style.blue(bar(p.fraction, 24)), percent(p.fraction).padStart(5), steps, speed, left];
  const room = Math.max(0, Math.min(40, width - 56));
  const row = (name: string, text: string, values: readonly number[], log = false) =>
    `${style.dim(name.padEnd(14))}${text.padEnd(40)} ${style.blue(sparkline(values, room, log))}`;
  const lines = [style.bold(title), progressLine.filter((part) => part !== "").join("  ")];
  lines.push(row("loss", number(p.last("loss.train")), p.series("loss.train"), true));
  const name = p.sharpnessName;
  if (p.last(name) !== undefined) {
    const limit = p.sharpnessLimit;
    const against = limit === undefined ? "" : `  limit ${number(limit)}`;
    const error = p.last(`${name}.error`);
    const text = `${number(p.last(name))}${error === undefined ? "" : ` ± ${error.toPrecision(1)}`}${against}`;
    lines.push(row(shortNames[name], text, p.series(name)));
  }
  if (p.shareOfLimit !== undefined) {
    const share = p.shareOfLimit;
    const paint = share > 1.05 ? style.red : share > 0.95 ? style.yellow : style.green;
    const text = `${number(p.learningRate)} is ${percent(share)} of the stable limit ${number(p.last("stability.limit"))}`;
    lines.push(`${style.dim("learning rate ")}${paint(text)}`);
  }
  const note = p.notes.at(-1);
  if (note !== undefined) lines.push(style.dim(`note: ${note}`));
  if (stopping) lines.push(style.yellow(stoppingText));
  return lines;
}

function phaseOf(p: Progress): string {
  if (!p.header) return "starting…";
  if (p.fraction >= 1) return "measuring the verdict…";
  return Number.isFinite(p.secondsLeft) ? `${duration(p.secondsLeft)} left` : "";
}
