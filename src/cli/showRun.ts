// `basin show RUN`: settings, curves as sparklines, latest readings and the verdict.
import { findRun, type RunRecord } from "../launchers";
import { describeOptimizer } from "../protocol/describeOptimizer";
import { metrics } from "../protocol/metrics";
import { stringify } from "../protocol/numbers";
import type { ModelSpec } from "../protocol/experiment";
import { argumentsOf, hasScript } from "../protocol/script";
import { readSeries } from "../record/disk/readSeries";
import type { RunSeries } from "../record/runSeries";
import { exit, type Command } from "./command";
import { judgedRun } from "./judge";
import { runsDirHere, runsOption } from "./places";
import { printable } from "../util/printable";
import { print } from "./show/print";
import { columnsOf, duration, number, sparkline, styleOf, table, type Style } from "./show/text";
import { verdictLines } from "./show/verdictText";

export const show: Command = {
  name: "show",
  usage: "RUN [--runs DIR] [--json]",
  summary: "settings, curves, latest readings and verdict of a run",
  options: [
    runsOption,
    { name: "json", text: "print run, status, latest metrics and verdict as one object" },
  ],
  words: { least: 1, most: 1, what: "a run" },
  run: async (given) => {
    const run = await judgedRun(await findRun(runsDirHere(given), given.words[0]));
    if (given.has("json")) {
      const { info, folder, status, step, time, last, verdict } = run;
      print(`${stringify({ run: info, folder, status, step, time, metrics: last, verdict })}\n`);
    } else {
      print(`${describe(run, readSeries(run.folder), styleOf(process.stdout))}\n`);
    }
    return exit.done;
  },
};

function describe(run: RunRecord, series: RunSeries, style: Style): string {
  const { info, status, step, time, verdict } = run;
  const notes = series.notes.map(({ message }) => message);
  return [
    style.bold(info.id),
    `${status} at step ${step} after ${duration(time)}${placeOf(run)}`,
    ...(run.place ? [printable(`job ${run.place.job}: ${run.place.says}`)] : []),
    ...run.damage.map((one) => style.yellow(`damaged: ${printable(one)}`)),
    "",
    ...settings(run, style),
    "",
    ...curves(series, style),
    ...(notes.length > 0 ? ["", ...[...new Set(notes)].map((note) => style.dim(`note: ${note}`))] : []),
    ...(verdict ? ["", ...verdictLines(verdict, style, columnsOf(process.stdout))] : []),
  ].join("\n");
}

/** "5 of 9" of those submitted together. */
const placeOf = ({ info: { sweep } }: RunRecord): string =>
  sweep ? ` · ${sweep.index} of ${sweep.of} of its sweep` : "";

function settings({ info, folder }: RunRecord, style: Style): string[] {
  const { optimizer, model, data, loss, seed, stop } = info.experiment;
  const { experiment } = info;
  const own = hasScript(experiment)
    ? [
        ["script", [experiment.trainer.python, ...argumentsOf(experiment)].join(" ")],
        ...Object.entries(experiment.settings ?? {}).map(([key, value]) => [key, JSON.stringify(value)]),
      ]
    : [
        ["model", describeModel(model)],
        ["data", `${data.source}, loss ${loss}, seed ${seed}`],
        [
          "stop",
          Object.entries(stop)
            .map(([key, value]) => `${key} ${value}`)
            .join(", "),
        ],
      ];
  const rows = [
    [
      "optimizer",
      `${describeOptimizer(optimizer)}, η ${number(optimizer.learningRate)}, batch ${optimizer.batchSize}`,
    ],
    ...own,
    ...Object.entries(info.overrides).map(([key, value]) => ["set", `${key} = ${JSON.stringify(value)}`]),
    ["from", info.file],
    ["folder", folder],
  ];
  return rows.map(([key, value]) => `${style.dim(key.padEnd(10))} ${value}`);
}

/** Basin's metrics in their order, then those of a script's own. */
function curves(series: RunSeries, style: Style): string[] {
  const known = metrics.map(({ name }) => name);
  const others = [...series.latest.keys()].filter((name) => !known.includes(name));
  const rows = [...known, ...others].flatMap((name) => {
    const value = series.number(name);
    if (value === undefined) return [];
    const log = name.startsWith("loss") || name === "gradNorm";
    return [
      [series.infoOf(name).label, number(value), sparkline(Array.from(series.column(name).values), 40, log)],
    ];
  });
  return rows.length > 0
    ? table(["reading", "latest", "over training"], rows, style).split("\n")
    : ["No readings yet."];
}

/** "mlp 50-50 tanh", "cnn 8-16 kernel 3 …": the kind, then its settings in the order of the file. */
function describeModel({ kind, weights, ...settings }: ModelSpec): string {
  const parts = Object.entries(settings).flatMap(([key, value]) => {
    if (key === "layers") return [`${(value as unknown[]).length} layers`];
    if (Array.isArray(value)) return value.length > 0 ? [value.join("-")] : [];
    if (typeof value === "string") return [value];
    return value === true && key === "bias" ? [] : [`${key} ${value}`];
  });
  return [kind ?? "onnx", ...parts, ...(weights ? [`from ${weights}`] : [])].join(" ");
}
