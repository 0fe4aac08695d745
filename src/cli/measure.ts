// `basin measure FILE`: no training, every metric and the verdict at the experiment's weights or those given.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileError } from "../protocol/errors";
import { metrics, type MetricValues } from "../protocol/metrics";
import type { MeasureRequest } from "../protocol/request";
import { needModel } from "../protocol/script";
import type { Verdict } from "../types/verdict";
import { ask } from "./askProcess";
import { exit, type Command } from "./command";
import { readExperiments, setOption } from "./experiments";
import { print } from "./show/print";
import { columnsOf, number, styleOf, table } from "./show/text";
import { evidenceLines, verdictLines } from "./show/verdictText";

/** What the run process prints, as the contract has it. */
interface Measured {
  readonly experiment: string;
  readonly parameters: number;
  readonly examples: number;
  readonly trained: readonly string[];
  readonly notes: readonly string[];
  readonly metrics: MetricValues;
  readonly verdict: Verdict;
}

export const measure: Command = {
  name: "measure",
  usage: "FILE [--weights W.safetensors] [--optimizer-state S.safetensors] [--set KEY=VALUE]… [--json]",
  summary: "no training: every metric and the verdict at given weights",
  options: [
    {
      name: "weights",
      value: "FILE",
      text: "a safetensors file that takes the place of the experiment's own",
    },
    {
      name: "optimizer-state",
      value: "FILE",
      text: "Adam's or RMSProp's running squares: a checkpoint, or PyTorch's exp_avg_sq as safetensors",
    },
    setOption,
    { name: "json", text: "print one JSON object (one a line for a sweep)" },
  ],
  words: { least: 1, most: 1, what: "an experiment file, *.basin.json" },
  run: async (given) => {
    const weights = fileOf(given.one("weights"), "weights");
    const optimizerState = fileOf(given.one("optimizer-state"), "an optimizer's state");
    const [{ file, points }] = readExperiments(given.words, given.all("set"));
    for (const { experiment } of points) {
      needModel(given.words[0], experiment, "`measure`");
      const request: MeasureRequest = {
        experiment,
        file,
        ...(weights !== undefined && { weights }),
        ...(optimizerState !== undefined && { optimizerState }),
      };
      const { status, output } = await ask("measure", request);
      if (status !== exit.done) return status;
      print(given.has("json") ? `${output.trim()}\n` : `${describe(output)}\n`);
    }
    return exit.done;
  },
};

/** The absolute path of a file that is there. */
function fileOf(path: string | undefined, what: string): string | undefined {
  if (path === undefined) return undefined;
  if (!existsSync(path)) throw fileError(path, "no such file", `Expected ${what} in the safetensors format.`);
  return resolve(path);
}

type Shown = number | string | readonly (number | string)[];

/** A value, or the entries of a list, each with its error bar; numbers that JSON cannot say are words. */
function withBar(value: Shown, bar: Shown | undefined): string {
  const bars = bar === undefined ? [] : [bar].flat();
  return [value]
    .flat()
    .map((x, i) => number(Number(x)) + (Number(bars[i]) > 0 ? ` ± ${number(Number(bars[i]))}` : ""))
    .join(", ");
}

function describe(output: string): string {
  const {
    experiment,
    parameters,
    examples,
    trained,
    notes,
    metrics: values,
    verdict,
  } = JSON.parse(output) as Measured;
  const style = styleOf(process.stdout);
  const rows = metrics.flatMap(({ name, label, about }) => {
    const value = values[name];
    // An error bar stands behind its number.
    if (value === undefined || name.endsWith(".error")) return [];
    return [[label, withBar(value, values[`${name}.error`]), style.dim(about)]];
  });
  return [
    style.bold(`${experiment} · ${parameters} parameters · ${examples} examples`),
    style.dim(`trained: ${trained.join(", ")}`),
    ...notes.map((note) => style.yellow(`note: ${note}`)),
    "",
    table(["metric", "value", "what"], rows, style),
    "",
    ...verdictLines(verdict, style, columnsOf(process.stdout)),
    "",
    ...evidenceLines(verdict, style, columnsOf(process.stdout)),
  ].join("\n");
}
