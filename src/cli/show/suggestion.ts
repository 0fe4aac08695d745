// A suggested learning rate as text: the values, what they were found from, and the trials they won against.
import type { Experiment } from "../../protocol/experiment";
import type { KeyPath } from "../../protocol/jsonPath";
import { number, percent, table, type Style } from "./text";

/** A number as JSON carries it: those that are not finite are words. */
type Sent = number | string;

/** What the run process prints; run/suggest.ts says what each value is. */
export interface Suggestion {
  readonly experiment: string;
  readonly learningRate: number | null;
  readonly warmup: number | null;
  readonly steps: number;
  readonly startLoss: Sent;
  readonly start: {
    readonly sharpness: Sent;
    readonly sharpnessError: Sent;
    readonly examples: number;
    readonly meanLimit: Sent | null;
    readonly descentLimit: Sent;
    readonly descentLimitError: Sent;
    readonly descentLimitFull: Sent;
    readonly noiseScale: Sent | null;
  };
  readonly later: { readonly rate: number; readonly step: number; readonly sharpness: Sent } | null;
  readonly trials: readonly {
    readonly rate: number;
    readonly warmup: number | null;
    readonly scores: readonly { readonly step: number; readonly loss: Sent }[];
    readonly diverged: boolean;
  }[];
  readonly cost: number;
  readonly gridCost: number;
}

/** What to write into the experiment: where, and the JSON there. */
export function editsOf(
  { learningRate, warmup }: Suggestion,
  scheduled: boolean,
): { readonly path: KeyPath; readonly source: string }[] {
  if (learningRate === null) return [];
  const rate = { path: ["optimizer", "learningRate"], source: String(learningRate) };
  if (warmup === null) return [rate];
  const schedule = scheduled
    ? { path: ["optimizer", "schedule", "warmup"], source: String(warmup) }
    : { path: ["optimizer", "schedule"], source: `{ "kind": "constant", "warmup": ${warmup} }` };
  return [rate, schedule];
}

export function describeSuggestion(suggestion: Suggestion, { optimizer }: Experiment, style: Style): string {
  const { experiment, steps, trials, cost, gridCost } = suggestion;
  const edits = editsOf(suggestion, optimizer.schedule !== undefined);
  const result =
    edits.length === 0
      ? [style.red("No rate to suggest: every one that was tried diverged.")]
      : edits.map(({ path, source }) => style.green(style.bold(`${path.join(".")} = ${source}`)));
  const compared = [...new Set(trials.flatMap(({ scores }) => scores.map(({ step }) => step)))].sort(
    (a, b) => a - b,
  );
  const rows = [...trials]
    .sort((a, b) => a.rate - b.rate || (a.warmup ?? 0) - (b.warmup ?? 0))
    .map(({ rate, warmup, scores }) => [
      number(rate),
      warmup === null ? "" : `${warmup} steps`,
      ...compared.map((step) => lossIn(scores, step)),
    ]);
  return [
    style.bold(`${experiment} · ${optimizer.kind} · batch ${optimizer.batchSize} · ${steps} steps`),
    "",
    ...result,
    "",
    table(["evidence", "value", "from"], evidence(suggestion), style),
    "",
    `Training loss of each trial, from ${number(suggestion.startLoss)} at the start:`,
    table(["rate", "warm-up", ...compared.map((step) => `step ${step}`)], rows, style),
    "",
    style.dim(
      `It took the work of ${number(cost / steps)} such trainings; a grid of 12 rates and 3 seeds takes ${number(gridCost / steps)} (${percent(cost / gridCost)}).`,
    ),
  ].join("\n");
}

function lossIn(scores: Suggestion["trials"][number]["scores"], step: number): string {
  const score = scores.find((one) => one.step === step);
  if (!score) return "";
  return Number.isFinite(Number(score.loss)) ? number(score.loss) : "diverged";
}

function evidence({ start, later, learningRate }: Suggestion): string[][] {
  const { examples, meanLimit, noiseScale } = start;
  const bar = (value: Sent, error: Sent) => number(value) + (Number(error) > 0 ? ` ± ${number(error)}` : "");
  const on = `Lanczos on ${examples} examples`;
  const above = (limit: Sent, words: string): string =>
    learningRate !== null && learningRate > Number(limit) ? `; the suggestion is above it: ${words}` : "";
  return [
    ["sharpness at the start", bar(start.sharpness, start.sharpnessError), on],
    ...(meanLimit === null
      ? []
      : [
          [
            "limit of full batches there",
            number(meanLimit),
            `from that sharpness${above(meanLimit, "training moves to where it is flatter")}`,
          ],
        ]),
    ...(later === null
      ? []
      : [
          [
            `sharpness after ${later.step} steps`,
            number(later.sharpness),
            `${on}, at learning rate ${number(later.rate)}`,
          ],
        ]),
    [
      "one-step descent limit",
      bar(start.descentLimit, start.descentLimitError),
      "batches at the start: a larger first step raises the expected loss",
    ],
    ["  with full batches", number(start.descentLimitFull), "the same with all gradients together"],
    ...(noiseScale === null
      ? []
      : [
          [
            "noise scale",
            `${number(noiseScale)} examples`,
            "batches below it are driven by noise at the start",
          ],
        ]),
  ];
}
