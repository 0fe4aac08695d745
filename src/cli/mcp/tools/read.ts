// `read`: one run: settings, latest readings with error bars, verdict, and the curves asked for, thinned out where they are long.
import { z } from "zod";
import { decimate } from "../../../record/pyramid";
import type { RunSeries } from "../../../record/runSeries";
import { settingsOf } from "../../../record/settings";
import { inOrder } from "../../../record/summary";
import { fileError } from "../../../protocol/errors";
import { suggest } from "../../../protocol/suggest";
import { runIn } from "../runIn";
import { defineTool } from "../tool";

const mostNotes = 20;
/** Entries told of a reading that is a list; `metrics` gives the curves of its first ones. */
const mostEntries = 16;

export const read = defineTool({
  name: "read",
  description:
    "One run: settings, status, the latest reading of each metric with error bar and how it was measured, and its verdict with reasons and evidence. With `metrics` also those curves over steps, thinned out to `points` with the extremes of every stretch kept.",
  writes: false,
  input: z.object({
    run: z.string().describe('A run id, the beginning of one, a run folder, or "latest".'),
    metrics: z.array(z.string()).max(20).default([]).describe("Curves to read, e.g. sharpness, loss.train."),
    points: z.number().int().min(10).max(1000).default(100).describe("Points of each curve at most."),
    fromStep: z.number().min(0).optional(),
    toStep: z.number().min(0).optional(),
  }),
  run: async (served, { run, metrics, points, fromStep, toStep }) => {
    const { record, series, info, verdict } = await served.recorded(run);
    const messages = [...new Set(series.notes.map(({ message }) => message))];
    return {
      run: runIn(served, record),
      settings: Object.fromEntries(
        [...settingsOf(info)].map(([key, value]): [string, unknown] => [key, JSON.parse(value)]),
      ),
      readings: readingsOf(series),
      curves: [...series.columns.keys()],
      ...(metrics.length > 0 && {
        series: Object.fromEntries(
          metrics.map((name) => [name, curveOf(series, name, { points, fromStep, toStep })]),
        ),
      }),
      notes: messages.slice(0, mostNotes),
      checkpoints: series.checkpoints.slice(-mostNotes),
      verdict,
    };
  },
});

function readingsOf(series: RunSeries) {
  const names = inOrder(series.latest.keys()).filter((name) => !name.endsWith(".error"));
  return Object.fromEntries(
    names.map((name) => {
      const { value, error, step, probe, how, method } = series.latest.get(name)!;
      const { label, unit } = series.infoOf(name);
      const isLong = typeof value !== "number" && value.length > mostEntries;
      return [
        name,
        {
          value: isLong ? value.slice(0, mostEntries) : value,
          ...(isLong && { entries: value.length }),
          ...(error !== undefined && !isLong && { error }),
          step,
          label,
          ...(unit && { unit }),
          ...(probe && { probe }),
          ...(how && { how }),
          ...(method && { method }),
        },
      ];
    }),
  );
}

interface Stretch {
  readonly points: number;
  readonly fromStep?: number;
  readonly toStep?: number;
}

function curveOf(series: RunSeries, name: string, { points, fromStep = 0, toStep = Infinity }: Stretch) {
  const column = series.columns.get(name);
  if (!column) throw unknownMetric(series, name);
  // A stretch keeps its smallest and its largest value; two points more lead in and out.
  const kept = decimate(column, Math.max(1, Math.floor(points / 2) - 1), fromStep, toStep);
  const isWithin = (step: number) => step >= fromStep && step <= toStep;
  const within = Array.from(kept.steps, (step, i) => ({ step, value: kept.values[i] })).filter(({ step }) =>
    isWithin(step),
  );
  const all = column.steps.filter(isWithin).length;
  return {
    steps: within.map(({ step }) => step),
    values: within.map(({ value }) => value),
    ...(within.length < all && { thinnedOut: `${within.length} of ${all} points` }),
  };
}

function unknownMetric(series: RunSeries, name: string): Error {
  const names = [...series.columns.keys()];
  const near = suggest(name, names);
  const list = names.slice(0, 40).join(", ");
  return fileError(
    `metrics: ${name}`,
    "the run has no such curve",
    near ? `Did you mean "${near}"?` : `Its curves: ${list || "none"}.`,
  );
}
