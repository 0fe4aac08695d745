// A verdict for a reader who does not know the theory: the word, the sentence, the numbers, and what to change.
import { flagged, type Verdict } from "../../types/verdict";
import { verdictSign, verdictWords } from "../../types/verdictWords";
import type { ProvisionalFlag } from "../../record/provisionalFlag";
import { explanationLines } from "../../record/explanation";
import { number, wrap, type Style } from "./text";

/** A text in the colour that goes with a verdict. */
export function paintVerdict(
  verdict: Pick<Verdict, "verdict" | "typical">,
  text: string,
  style: Style,
): string {
  const { severity } = verdictWords(verdict);
  return severity === "bad" ? style.red(text) : severity === "good" ? style.green(text) : style.yellow(text);
}

/** `width`: columns to wrap at. */
export function verdictLines(verdict: Verdict, style: Style, width: number): string[] {
  const { summary, reasons } = verdict;
  const title = paintVerdict(verdict, `${verdictSign(verdict)} ${verdictWords(verdict).title}`, style);
  const lines = [
    style.bold(title),
    `  ${summary}`,
    "",
    ...reasons.map((reason) => `  · ${reason}`),
    `  · ${verdict.minimum.why}`,
  ];
  if (verdict.explanation)
    lines.push("", "  What happened:", ...explanationLines(verdict.explanation).map((text) => `  · ${text}`));
  const advice = adviceFor(verdict);
  if (advice.length > 0) lines.push("", ...advice.map((text) => `  → ${text}`));
  // Under the text, not under its bullet.
  return lines.map((line) => wrap(line, width, /^ {2}[·→]/.test(line) ? 4 : 2));
}

/** What the verdict rests on, said more quietly. */
export const evidenceLines = ({ evidence }: Verdict, style: Style, width: number): string[] =>
  evidence.map((text) => style.dim(wrap(`  ${text}`, width, 2)));

function adviceFor({
  verdict,
  largestStableLearningRate: rate,
  smallestStableBatchSize: batch,
  settings,
}: Verdict): string[] {
  if (!flagged.includes(verdict)) return [];
  const advice: string[] = [];
  if (rate !== null && rate > 0) advice.push(`A learning rate of at most ${number(rate)} is stable here.`);
  const current = settings.batchSize === "full" ? settings.examples : settings.batchSize;
  if (batch !== null && batch > current)
    advice.push(`Or keep learning rate ${number(settings.learningRate)} with batches of at least ${batch}.`);
  return advice;
}

/** Said while a run trains; the verdict comes with its end. */
export const flagWords = ({ learningRate, limit, readings, since }: ProvisionalFlag): string =>
  `Learning rate ${number(learningRate)} has been above its limit ${number(limit)} for ${readings} readings, since step ${since}, and the loss does not fall (provisional).`;
