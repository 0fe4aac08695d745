// `basin suggest FILE`: a learning rate and a warm-up for an experiment, from curvature and short trainings, with the evidence.
import { readFileSync, writeFileSync } from "node:fs";
import { unlimitedSteps } from "../types/unlimitedSteps";
import { UserError } from "../protocol/errors";
import { withValue } from "../protocol/jsonEdit";
import { parseJsonSource } from "../protocol/jsonSource";
import { stringify } from "../protocol/numbers";
import type { MeasureRequest } from "../protocol/request";
import { needModel } from "../protocol/script";
import { usageError, type Arguments } from "./arguments";
import { ask } from "./askProcess";
import { exit, type Command } from "./command";
import { readExperiments, setOption, shownPath } from "./experiments";
import { print } from "./show/print";
import { styleFor, styleOf } from "./show/text";
import { describeSuggestion, editsOf, type Suggestion } from "./show/suggestion";

export const suggest: Command = {
  name: "suggest",
  usage: "FILE [--steps N] [--set KEY=VALUE]… [--apply] [--json]",
  summary: "a learning rate and a warm-up for an experiment, with the evidence",
  details:
    "Measures curvature and noise where training begins, then trains for short stretches at a few rates, all from the same weights with the same batches, and goes on with the best of them. It costs about a tenth of a grid of 12 rates and 3 seeds of the same length. Nothing is written unless --apply is given.",
  options: [
    { name: "steps", value: "N", text: "steps of the training that it is for (default: stop.steps)" },
    setOption,
    { name: "apply", text: "write the suggestion into the file; comments and everything else stay" },
    { name: "json", text: "print one JSON object" },
  ],
  words: { least: 1, most: 1, what: "an experiment file, *.basin.json" },
  run: async (given) => {
    const [{ file, points }] = readExperiments(given.words, given.all("set"));
    if (points.length > 1) throw sweepError(file, Object.keys(points[0].overrides));
    const [{ experiment }] = points;
    needModel(given.words[0], experiment, "`suggest`");
    const steps = stepsOf(given, experiment.stop.steps);
    if (given.has("apply")) checkWritable(file);
    const request: MeasureRequest = { experiment, file, steps };
    const { status, output } = await ask("suggest", request);
    if (status !== exit.done) return status;
    const suggestion = JSON.parse(output) as Suggestion;
    const applied = given.has("apply") && suggestion.learningRate !== null;
    if (applied) apply(file, suggestion, experiment.optimizer.schedule !== undefined);
    const json = given.has("json");
    const text = describeSuggestion(suggestion, experiment, json ? styleFor(false) : styleOf(process.stdout));
    const edits = editsOf(suggestion, experiment.optimizer.schedule !== undefined);
    print(json ? `${stringify({ ...suggestion, edits, text })}\n` : `${text}\n`);
    if (applied && !json) print(`\nWritten to ${shownPath(file)}.\n`);
    return exit.done;
  },
};

function stepsOf(given: Arguments, own: number): number {
  const text = given.one("steps");
  if (text === undefined && own < unlimitedSteps) return own;
  if (text !== undefined && /^[1-9]\d{0,8}$/.test(text) && Number(text) >= 10) return Number(text);
  throw usageError(
    "suggest",
    text === undefined
      ? "the experiment does not say how many steps it takes, and the best rate depends on that"
      : `--steps must be a whole number ≥ 10; found ${text}`,
    "Give --steps N, e.g. --steps 2000.",
  );
}

function sweepError(file: string, keys: readonly string[]): UserError {
  const message = `is a sweep over ${keys.join(", ")}; expected one experiment`;
  const hint = `Name a value for each: ${keys.map((key) => `--set ${key}=…`).join(" ")}.`;
  return new UserError([{ severity: "error", message, hint, place: { file: shownPath(file) } }]);
}

/** @throws UserError where the file's sweep would hide what is written. */
function checkWritable(file: string): void {
  const { value } = parseJsonSource(readFileSync(file, "utf8"), file);
  const { sweep } = (value ?? {}) as { readonly sweep?: object };
  const hidden = Object.keys(sweep ?? {}).find((key) => /^optimizer\.(learningRate|schedule)/.test(key));
  if (hidden === undefined) return;
  const message = `\`sweep\` sets ${hidden}, so that a value written to \`optimizer\` would change nothing`;
  const hint = "Leave --apply out, or take the key out of the sweep.";
  throw new UserError([
    { severity: "error", message, hint, place: { file: shownPath(file), key: `sweep.${hidden}` } },
  ]);
}

/** Writes the rate, and the warm-up where there is one, as edits of the text that it has now. */
function apply(file: string, suggestion: Suggestion, scheduled: boolean): void {
  const edits = editsOf(suggestion, scheduled);
  const text = edits.reduce(
    (before, { path, source }) => withValue(before, path, source),
    readFileSync(file, "utf8"),
  );
  writeFileSync(file, text);
}
