// `basin escape RUN`: does training leave the point a run reached, with these settings? Measured against predicted growth.
import { findRun, stepIn, withSettings } from "../launchers";
import { stringify } from "../protocol/numbers";
import { needModel } from "../protocol/script";
import { usageError, type Arguments } from "./arguments";
import { ask } from "./askProcess";
import { exit, type Command } from "./command";
import { setOption, shownPath } from "./experiments";
import { runsDirHere, runsOption } from "./places";
import { print } from "./show/print";
import { number, styleOf, table } from "./show/text";

interface Escaped {
  readonly run: string;
  readonly step: number;
  readonly settings: { readonly learningRate: number; readonly batchSize: number | string };
  readonly predicted: {
    readonly growth: number | string | null;
    readonly typicalGrowth: number | string | null;
    readonly typicalGrowthError: number | string | null;
  };
  readonly measured: {
    readonly growth: number | string;
    readonly typicalGrowth: number | string;
    readonly left: number;
  };
  readonly seeds: readonly { seed: number; growth: number | string; left: number | null }[];
}

export const escape: Command = {
  name: "escape",
  usage: "RUN [--step N] [--set KEY=VALUE]… [--seeds 5] [--steps 200] [--runs DIR] [--json]",
  summary: "restart near the point a run reached and compare how fast training leaves it with the prediction",
  details:
    "Each seed starts from a small displacement and draws its own batches. Growth is the factor of the squared distance per step; it is predicted by e^{2ℓ}, what a single run does with batches drawn as it draws them, and beside it by ρ, the growth of the mean square, which rare bursts carry and few seeds never see.",
  options: [
    { name: "step", value: "N", text: "step of the checkpoint to start from (default: the newest)" },
    setOption,
    { name: "seeds", value: "N", text: "how many restarts (default: 5)" },
    { name: "steps", value: "N", text: "steps of each (default: 200)" },
    runsOption,
    { name: "json", text: "print one JSON object" },
  ],
  words: { least: 1, most: 1, what: "a run" },
  run: async (given) => {
    const record = await findRun(runsDirHere(given), given.words[0]);
    const { folder, info } = record;
    needModel(info.id, info.experiment, "an escape");
    const how = { seeds: count(given, "seeds", 5), steps: count(given, "steps", 200) };
    const from = { folder, run: info.id, step: stepIn(record, given.one("step")) };
    const { experiment } = withSettings(record, given.all("set"), shownPath);
    const request = { experiment, file: info.file, from, escape: how };
    const { status, output } = await ask("escape", request);
    if (status !== exit.done) return status;
    const told = given.has("json") ? stringify(JSON.parse(output)) : describe(JSON.parse(output) as Escaped);
    print(`${told}\n`);
    return exit.done;
  },
};

function count(given: Arguments, name: string, standard: number): number {
  const text = given.one(name);
  if (text === undefined) return standard;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw usageError("escape", `--${name} must be a whole number ≥ 1; found ${text}`);
}

function describe({ run, step, settings, predicted, measured, seeds }: Escaped): string {
  const style = styleOf(process.stdout);
  const per = (growth: number | string | null) => (growth === null ? "–" : Number(growth).toFixed(5));
  const rows = seeds.map(({ seed, growth, left }) => [
    String(seed),
    per(growth),
    left === null ? "stayed" : `left at step ${left}`,
  ]);
  return [
    style.bold(
      `${run} · step ${step} · learning rate ${number(settings.learningRate)} · batch ${settings.batchSize}`,
    ),
    "",
    table(
      ["seed", "growth per step", "outcome"],
      [...rows, ["typical", per(measured.typicalGrowth), ""], ["mean square", per(measured.growth), ""]],
      style,
    ),
    "",
    `Predicted growth of the squared distance per step: ${per(predicted.typicalGrowth)} for a typical run, ${per(predicted.growth)} in the mean square; measured: ${per(measured.typicalGrowth)} and ${per(measured.growth)}. ${measured.left} of ${seeds.length} left.`,
  ].join("\n");
}
