// The text of hovers and of the inline panel: charts, what the run found, its numbers with error bars, and what can be done about it.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import type { RunView } from "../../record/runView";
import { lossChart, settingChart, type ChartedSetting } from "../../record/settingChart";
import type { JudgedReading, Verdict } from "../../types/verdict";
import { isActive, statusWords } from "../../types/runStatus";
import { commandIds } from "../commands/ids";
import { shortNumber } from "../format";
import { mayAct } from "../readOnly";
import { chartMarkdown } from "./pictures";
import { markOf, stableValue } from "./words";
import { verdictWords } from "../../types/verdictWords";

export interface Shown {
  readonly setting: ChartedSetting;
  readonly run: RunRecord;
  readonly view: RunView | null;
}

/** Two of them side by side in an editor alone. VS Code gives a zone some 250 pixels before it scrolls. */
const inline = { width: 370, height: 132 } as const;
/** In a hover, or where there is one alone. */
const lone = { width: 400, height: 140 } as const;

/** Commands that a text made here may call, and no others: what files say is put in as text. */
const allowed = [commandIds.openPanel, commandIds.setStable, commandIds.branch, commandIds.toggleInline];

export function markdown(): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.isTrusted = { enabledCommands: allowed };
  return text;
}

export const commandLink = (title: string, command: string, argument: unknown): string =>
  `[${title}](command:${command}?${encodeURIComponent(JSON.stringify([argument]))})`;

/** Text of a file or a run in Markdown: nothing in it is markup, no line break ends a paragraph. */
export const plain = (text: string): string =>
  text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()#+\-.!|<>~&$]/g, "\\$&");

/** The setting's chart, alone or with the loss beside it. */
export function charts({ setting, view }: Shown, which: "alone" | "with loss"): string {
  if (!view) return "";
  const own = settingChart(view, setting);
  const beside = which === "with loss" ? lossChart(view) : null;
  const pictures = [
    ...(own ? [chartMarkdown(own, beside ? inline : lone)] : []),
    ...(beside ? [chartMarkdown(beside, inline)] : []),
  ];
  return pictures.length > 0 ? pictures.join(" ") : "_Nothing of it has been measured yet._";
}

/** One line: what the run came to, or where it is. */
export function headline({ run }: Shown): string {
  const { verdict, status, step, flag, info } = run;
  const mark = markOf(run);
  if (verdict) {
    // "Unstable: …", "At the edge of stability: …": the first words are the verdict. A point within a number ends none.
    const [, first, rest] = /^([^:.]{1,60})([:.](?:\s[^]*)?)$/.exec(verdict.summary) ?? [
      "",
      "",
      verdict.summary,
    ];
    return `**${mark} ${plain(first || capital(verdictWords(verdict).short))}**${first ? "" : " "}${plain(rest)}`;
  }
  const where =
    isActive(status) && info.experiment.stop.steps < 1e9
      ? `step ${step} of ${info.experiment.stop.steps}`
      : `step ${step}`;
  if (flag)
    return `**${mark} Beyond its limit so far**, ${where}: ${shortNumber(flag.learningRate)} has been above ${shortNumber(flag.limit)} for ${flag.readings} readings, and the loss does not fall.`;
  return `**${mark} ${capital(statusWords[status])}**, ${where}.`;
}

/** The numbers behind it in one line, each with its error bar. */
export function numbers({ run }: Shown): string {
  const { verdict, last } = run;
  const parts = verdict ? judged(verdict) : live(last);
  return parts.join(" · ");
}

function judged({ readings, limits, settings }: Verdict): string[] {
  const one = (name: string, reading: JudgedReading | null): string[] =>
    reading && Number.isFinite(reading.value) ? [`${name} ${withError(reading.value, reading.error)}`] : [];
  const variance = limits.variance;
  return [
    ...one("sharpness", readings.sharpness),
    ...one("preconditioned sharpness", readings.preconditionedSharpness),
    ...one("non-uniformity", readings.nonuniformity),
    ...one("growth", readings.growth),
    ...(limits.mean !== null ? [`mean limit ${shortNumber(limits.mean)}`] : []),
    ...(variance && settings.batchSize !== "full"
      ? [`mean-square limit ${bracketWords(variance.lower, variance.upper)}`]
      : []),
  ];
}

const bracketWords = (lower: number, upper: number): string =>
  shortNumber(lower) === shortNumber(upper)
    ? shortNumber(upper)
    : `${shortNumber(lower)} to ${shortNumber(upper)}`;

function live(last: RunRecord["last"]): string[] {
  return (
    [
      ["loss", "loss.train"],
      ["sharpness", "sharpness"],
      ["limit", "stability.limit"],
      ["non-uniformity", "nonuniformity"],
    ] as const
  ).flatMap(([name, metric]) => {
    const [value, error] = [last[metric], last[`${metric}.error`]];
    return typeof value === "number"
      ? [`${name} ${withError(value, typeof error === "number" ? error : undefined)}`]
      : [];
  });
}

const withError = (value: number, error: number | undefined): string =>
  error === undefined || !Number.isFinite(error)
    ? shortNumber(value)
    : `${shortNumber(value)} ± ${Number(error.toPrecision(1))}`;

/** "Use 0.279", as a link that writes it into the file; "" where there is nothing to use, or nothing may be written there. */
export function useLink(
  { run, setting }: Shown,
  uri: vscode.Uri,
  { isValue }: { readonly isValue: boolean },
): string {
  const stable = stableValue(run, setting);
  if (!stable || !isValue || !mayAct()) return "";
  const words = setting === "optimizer.batchSize" ? `Use batches of ${stable.text}` : `Use ${stable.text}`;
  return commandLink(words, commandIds.setStable, { uri: uri.toString(), setting, run: run.folder });
}

/** What else can be done, as links; those that start something only in a trusted workspace. */
export const links = ({ run }: Shown): string[] => [
  // One that was started by hand goes on by hand.
  ...(mayAct() && run.info.file !== ""
    ? [commandLink("Branch from here", commandIds.branch, { run: run.folder })]
    : []),
  commandLink("Open", commandIds.openPanel, { run: run.folder }),
];

/** Why the verdict is what it is, a line each; [] before there is one. */
export const explanation = ({ run: { verdict } }: Shown): string[] =>
  verdict ? [...verdict.reasons, verdict.minimum.why, ...verdict.evidence].filter((line) => line !== "") : [];

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
