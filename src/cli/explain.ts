// `basin explain RUN`: what happened at a spike of the loss.
import { findRun, withSettings } from "../launchers";
import { needModel } from "../protocol/script";
import { stringify } from "../protocol/numbers";
import { decodeExplanation, explanationLines } from "../record/explanation";
import type { Explanation } from "../types/explanation";
import { usageError } from "./arguments";
import { ask } from "./askProcess";
import { exit, type Command } from "./command";
import { shownPath } from "./experiments";
import { runsDirHere, runsOption } from "./places";
import { print } from "./show/print";
import { bar as barOf, columnsOf, number, percent, styleOf, table, wrap } from "./show/text";

export const explain: Command = {
  name: "explain",
  usage: "RUN [--step N] [--runs DIR] [--json]",
  summary:
    "what happened where the loss jumped: along which eigenvector, in which layers, driven by which examples",
  details:
    "Trains the run again, bit for bit, from the checkpoint before the spike to where the loss began to rise, and measures there.",
  options: [
    { name: "step", value: "N", text: "a step at or near the spike (default: the largest spike)" },
    runsOption,
    { name: "json", text: "print one JSON object" },
  ],
  words: { least: 1, most: 1, what: "a run" },
  run: async (given) => {
    const record = await findRun(runsDirHere(given), given.words[0]);
    const { folder, info } = record;
    needModel(info.id, info.experiment, "an explanation");
    const near = given.one("step");
    if (near !== undefined && !/^\d{1,12}$/.test(near))
      throw usageError("explain", `--step must be a whole number ≥ 0; found ${near}`);
    const { experiment } = withSettings(record, [], shownPath);
    const from = { folder, run: info.id, step: 0 };
    const asked = near === undefined ? {} : { near: Number(near) };
    const { status, output } = await ask("explain", { experiment, file: info.file, from, ...asked });
    if (status !== exit.done) return status;
    const explanation = decodeExplanation(JSON.parse(output));
    if (!explanation) throw new Error("internal: what the process told is no explanation");
    const told = given.has("json") ? stringify(explanation) : describe(explanation).join("\n");
    print(`${told}\n`);
    return exit.done;
  },
};

/** Cells of a bar that stands for all. */
const full = 24;
const bar = (share: number): string => barOf(Math.min(1, Math.abs(share)), full);

function describe(explanation: Explanation): string[] {
  const style = styleOf(process.stdout);
  const { directions, parameters, examples } = explanation;
  return [
    ...explanationLines(explanation).map((line) => wrap(line, columnsOf(process.stdout), 0)),
    "",
    table(
      ["eigenvector", "eigenvalue", "of the displacement", ""],
      directions.map(({ eigenvalue, share }, i) => [
        String(i + 1),
        number(eigenvalue),
        percent(share),
        bar(share),
      ]),
      style,
    ),
    "",
    table(
      ["parameter", "of ‖v‖²", ""],
      parameters.map(({ name, share }) => [name, percent(share), bar(share)]),
      style,
    ),
    "",
    table(
      ["example", "of the curvature", "of the gradient", ""],
      examples.map(({ example, curvature, gradient }) => [
        String(example),
        percent(curvature),
        percent(gradient),
        bar(curvature),
      ]),
      style,
    ),
  ];
}
