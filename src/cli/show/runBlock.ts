// One run while it trains, as a block of lines: how far, the loss, the sharpness against its limit.
import type { Shown } from "./displays";
import type { Progress } from "./progress";
import { forecastWords } from "../../record/edgeForecast";
import { flagWords } from "./verdictText";
import { bar, duration, number, percent, sparkline, type Style } from "./text";
import { unlimitedSteps } from "../../types/unlimitedSteps";

/** For the narrow first column. */
const shortNames = { sharpness: "sharpness", preconditionedSharpness: "precond. sharp" } as const;

/** The block, line by line. */
export function blockLines({ progress: p, title }: Shown, style: Style, width: number): string[] {
  const { stop } = p.experiment;
  const unlimited = stop.steps >= unlimitedSteps;
  const left = p.ended ? "done" : phaseOf(p);
  const steps = unlimited ? `step ${p.step}` : `step ${p.step}/${stop.steps}`;
  const speed = !(p.speed > 0) ? "" : `${number(p.speed)} steps/s`;
  const progressLine = [style.blue(bar(p.fraction, 24)), percent(p.fraction).padStart(5), steps, speed, left];
  const room = Math.max(0, Math.min(40, width - 56));
  const row = (name: string, text: string, values: ArrayLike<number>, log = false) =>
    `${style.dim(name.padEnd(14))}${text.padEnd(40)} ${style.blue(sparkline(Array.from(values), room, log))}`;
  const lines = [style.bold(title), progressLine.filter((part) => part !== "").join("  ")];
  lines.push(row("loss", number(p.last("loss.train")), p.curve("loss.train"), true));
  const name = p.sharpnessName;
  if (p.last(name) !== undefined) {
    const limit = p.sharpnessLimit;
    const against = limit === undefined ? "" : `  limit ${number(limit)}`;
    const error = p.last(`${name}.error`);
    const text = `${number(p.last(name))}${error === undefined ? "" : ` ± ${error.toPrecision(1)}`}${against}`;
    lines.push(row(shortNames[name], text, p.curve(name)));
  }
  if (p.shareOfLimit !== undefined) {
    const share = p.shareOfLimit;
    const paint = share > 1.05 ? style.red : share > 0.95 ? style.yellow : style.green;
    const text = `${number(p.learningRate)} is ${percent(share)} of the stable limit ${number(p.last("stability.limit"))}`;
    lines.push(`${style.dim("learning rate ")}${paint(text)}`);
  }
  const { flag } = p;
  if (flag) lines.push(style.red(flagWords(flag)));
  const { forecast } = p;
  if (forecast) lines.push(`${style.dim("              ")}${forecastWords(forecast)}`);
  const note = p.notes.at(-1);
  if (note !== undefined) lines.push(style.dim(`note: ${note}`));
  return lines;
}

function phaseOf(p: Progress): string {
  if (!p.reported) return "starting…";
  if (p.closing !== undefined) return p.closing;
  if (p.fraction >= 1) return "measuring the verdict…";
  return Number.isFinite(p.secondsLeft) ? `${duration(p.secondsLeft)} left` : "";
}
