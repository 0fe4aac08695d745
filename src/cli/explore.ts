// `basin explore RUN`: many short branches from the minimum a run reached: which minima do other settings lead to?
import { resolve } from "node:path";
import { findRun, stepIn, withSettings } from "../launchers";
import type { Experiment } from "../protocol/experiment";
import { needModel } from "../protocol/script";
import { stringify } from "../protocol/numbers";
import type { ExploreRequest } from "../protocol/request";
import { usageError, type Arguments } from "./arguments";
import { ask } from "./askProcess";
import type { Command } from "./command";
import { setOption, shownPath } from "./experiments";
import { runsDirHere, runsOption } from "./places";
import { decodeExploration, describeExploration } from "./show/exploration";
import { explorationPicture } from "./show/explorationPicture";
import { print } from "./show/print";
import { styleFor, styleOf } from "./show/text";
import { writeOut } from "./writeOut";

const standardSteps = 500;

export const explore: Command = {
  name: "explore",
  usage:
    "RUN [--step N] [--set KEY=VALUE]… [--rates A,B,…] [--batches A,B,…] [--momenta A,B,…] [--steps 500] [--out PICTURE.svg] [--runs DIR] [--json]",
  summary: "many short branches from the minimum a run reached: which minima other settings lead to",
  details:
    "Every combination of learning rate, batch size and momentum trains from just beside the minimum, then settles by gradient descent at 1/sharpness; what is told is the point it has reached. Without --rates they lie about the largest rate that full batches bear there. Ctrl-C keeps the branches that are done.",
  options: [
    { name: "step", value: "N", text: "step of the checkpoint to start from (default: the newest)" },
    setOption,
    { name: "rates", value: "A,B,…", text: "learning rates" },
    { name: "batches", value: "A,B,…", text: 'batch sizes, "full" among them' },
    { name: "momenta", value: "A,B,…", text: "momenta, for SGD" },
    { name: "steps", value: "N", text: `steps of each branch (default: ${standardSteps})` },
    { name: "out", value: "FILE", text: "also draw a picture, as SVG" },
    runsOption,
    { name: "json", text: "print one JSON object" },
  ],
  words: { least: 1, most: 1, what: "a run" },
  run: async (given) => {
    const asked = requestOf(given);
    const record = await findRun(runsDirHere(given), given.words[0]);
    const { folder, info } = record;
    needModel(info.id, info.experiment, "`explore`");
    const from = { folder, run: info.id, step: stepIn(record, given.one("step")) };
    const { experiment } = withSettings(record, given.all("set"), shownPath);
    const request = { experiment, file: info.file, from, explore: { ...named(given, experiment), ...asked } };
    const { status, output } = await ask("explore", request);
    const found = decodeExploration(output);
    if (found === null) return status;
    const json = given.has("json");
    const text = describeExploration(found, json ? styleFor(false) : styleOf(process.stdout));
    print(json ? `${stringify({ ...found, text })}\n` : `${text}\n`);
    // After what was found is told: a picture that cannot be written takes nothing else away.
    const out = given.one("out");
    if (out !== undefined) {
      writeOut(resolve(out), [explorationPicture(found)]);
      if (!json) print(`\nPicture: ${shownPath(out)}\n`);
    }
    return status;
  },
};

/** What `--set` names is no longer to be chosen. */
function named(given: Arguments, { optimizer }: Experiment): Partial<ExploreRequest> {
  const sets = (key: string): boolean =>
    given.all("set").some((text) => text.startsWith(`optimizer.${key}=`));
  return {
    ...(sets("learningRate") && { rates: [optimizer.learningRate] }),
    ...(sets("batchSize") && { batches: [optimizer.batchSize] }),
    ...(sets("momentum") && optimizer.kind === "sgd" && { momenta: [optimizer.momentum] }),
  };
}

function requestOf(given: Arguments): ExploreRequest {
  const steps = given.one("steps") ?? String(standardSteps);
  if (!/^[1-9]\d{0,8}$/.test(steps))
    throw usageError("explore", `--steps must be a whole number ≥ 1; found ${steps}`);
  const rates = listOf(given, "rates", {
    read: (text) => (Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : undefined),
    what: "numbers above 0",
  });
  const batches = listOf<number | "full">(given, "batches", {
    read: (text) => (text === "full" ? text : /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined),
    what: 'whole numbers ≥ 1 or "full"',
  });
  const momenta = listOf(given, "momenta", {
    read: (text) => (text !== "" && Number(text) >= 0 && Number(text) < 1 ? Number(text) : undefined),
    what: "numbers from 0 to below 1",
  });
  return {
    steps: Number(steps),
    ...(rates && { rates }),
    ...(batches && { batches }),
    ...(momenta && { momenta }),
  };
}

function listOf<T>(
  given: Arguments,
  name: string,
  { read, what }: { readonly read: (text: string) => T | undefined; readonly what: string },
): T[] | undefined {
  return given
    .one(name)
    ?.split(",")
    .map((text) => {
      const value = read(text.trim());
      if (value === undefined)
        throw usageError(
          "explore",
          `--${name} takes ${what}, with commas between them; found ${text || "nothing"}`,
        );
      return value;
    });
}
