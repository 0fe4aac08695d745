// A picture is never behind what the list says of its run: a reading that comes right after another, and is the last for long, is drawn too.
import { expect, test } from "vitest";
import { RunCurves } from "../../../src/extension/inline/runCurves";
import type { Runs } from "../../../src/extension/workspace/runs";
import type { RunRecord } from "../../../src/record/runRecord";
import { RunSeries } from "../../../src/record/runSeries";

const record = (step: number, status = "running") =>
  ({ folder: "/runs/a", status, step, verdict: null, info: {} }) as unknown as RunRecord;

/** A run whose log has one reading more each time it is read. */
function growing() {
  const series = new RunSeries();
  let reads = 0;
  const read = () => series.add({ kind: "metrics", step: ++reads, time: 0, values: { sharpness: reads } });
  const runs = { source: { curves: () => ({ series, read }) }, announce: () => undefined };
  return { curves: new RunCurves(runs as unknown as Runs), reads: () => reads };
}

test("another record of the run is reason enough to read, however soon it comes", () => {
  const { curves, reads } = growing();
  expect(curves.of(record(1))?.series.number("sharpness")).toBe(1);
  expect(curves.of(record(2))?.series.number("sharpness")).toBe(2);
  expect(reads()).toBe(2);
});

test("those who draw the same state of a run share one reading of it", () => {
  const { curves, reads } = growing();
  const now = record(5);
  for (let i = 0; i < 4; i++) curves.of(now);
  expect(reads()).toBe(1);
});
