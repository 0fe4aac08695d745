// Runs over one another: one line each in its own colour and letter, along any axis, normalized by each run's own limit.
import { expect, test } from "vitest";
import { decodeFromCompare } from "../../../src/record/compareMessages";
import { Column } from "../../../src/record/column";
import { mostCompared } from "../../../src/record/runSlots";
import { RunSeries } from "../../../src/record/runSeries";
import { SeriesSender } from "../../../src/record/transfer";
import { charts } from "../../../webview/charts";
import type { LineChart } from "../../../webview/charts/chart";
import { along, type AxisId } from "../../../webview/overlay/axes";
import {
  isNormalizable,
  labelsOf,
  overlayPlan,
  type OverlayOptions,
} from "../../../webview/overlay/overlayPlan";
import { applyToComparison, differencesOf, emptyComparison } from "../../../webview/store/compareState";
import type { RunModel } from "../../../webview/store/runModel";
import { fixtureRun, type FixtureKind } from "../../fixtures/writeRun";
import { modelOf } from "./models";

function model(kind: FixtureKind, learningRate: number, batchSize: number | "full" = 4): RunModel {
  const id = `${kind}-${learningRate}-${batchSize}`;
  return modelOf({ ...fixtureRun(kind, { learningRate, batchSize, steps: 400, id }), status: "finished" });
}
const options: OverlayOptions = { axis: "step", normalized: false, log: false, background: "dark" };
const chartOf = (id: string): LineChart => {
  const chart = charts.find((one) => one.id === id);
  if (chart?.kind !== "line") throw new Error(`no line chart ${id}`);
  return chart;
};
const edge = [model("edge", 0.05), model("edge", 0.1), model("edge", 0.4, "full")].map((run, slot) => ({
  run,
  slot,
}));

test("every line chart draws twenty runs, no two alike", () => {
  const runs = Array.from({ length: mostCompared }, (_, slot) => ({
    run: model("edge", 0.01 * (slot + 1)),
    slot,
  }));
  for (const chart of charts) {
    if (chart.kind !== "line") continue;
    const { lines } = overlayPlan(chart, runs, options);
    expect([chart.id, [0, mostCompared].includes(lines.length)]).toEqual([chart.id, true]);
    expect(new Set(lines.map(({ color, dash }) => JSON.stringify([color, dash]))).size).toBe(lines.length);
    expect(new Set(lines.map(({ mark }) => mark)).size).toBe(lines.length);
  }
  expect(overlayPlan(chartOf("sharpness"), runs, options).lines).toHaveLength(mostCompared);
});

test("a run's colour is its own, whoever stands beside it", () => {
  const colorOf = (runs: typeof edge) =>
    overlayPlan(chartOf("loss"), runs, options).lines.find(({ mark }) => mark === "C")?.color;
  expect(colorOf(edge)).toBe(colorOf(edge.slice(2)));
});

test("normalized, runs at the edge of stability end on 1 whatever their learning rate", () => {
  const plan = overlayPlan(chartOf("sharpness"), edge, { ...options, normalized: true });
  for (const { column } of plan.lines) expect(column.values.at(-1)).toBeCloseTo(1, 1);
  expect(plan.levels).toMatchObject([{ value: 1 }]);
  // Sharpness · η / 2 for plain descent.
  const { column } = plan.lines[2];
  const sharpness = edge[2].run.series.column("sharpness");
  expect([...column.values]).toEqual([...sharpness.values].map((value) => value / (2 / 0.4)));
  const raw = overlayPlan(chartOf("sharpness"), edge, options);
  expect(raw.lines.map(({ column }) => Math.round(column.values.at(-1) ?? 0))).not.toContain(1);
  expect(raw.levels).toEqual([]);
});

test("the fraction of the limit keeps its level, which is one for all runs", () => {
  expect(overlayPlan(chartOf("fractions"), edge, options).levels).toMatchObject([{ value: 1 }]);
  expect(isNormalizable(chartOf("fractions"))).toBe(false);
});

test("another line of each run can be drawn in its place", () => {
  const chart = chartOf("sharpness");
  expect(labelsOf(chart, edge)).toEqual(expect.arrayContaining(["sharpness", "λ₂"]));
  const { lines } = overlayPlan(chart, edge, { ...options, line: "λ₂" });
  expect([...lines[0].column.values]).toEqual([...edge[0].run.series.column("eigenvalues.1").values]);
  expect(overlayPlan(chart, edge, { ...options, line: "gone" }).lines).toEqual([]);
});

test.each([
  ["step", (step: number) => step],
  ["time", (step: number) => step * 0.004],
  ["epoch", (step: number) => (step * 4) / 100],
  ["rateTime", (step: number) => step * 0.05],
] satisfies [AxisId, (step: number) => number][])(
  "along %s each reading lies where its step does",
  (axis, place) => {
    const [{ run }] = edge;
    const column = run.series.column("sharpness");
    const moved = along(run, column, axis);
    expect(moved?.length).toBe(column.length);
    moved?.steps.forEach((x, i) => expect(x).toBeCloseTo(place(column.steps[i]), 9));
    expect([...(moved?.values ?? [])]).toEqual([...column.values]);
    expect(along(run, column, axis)).toBe(moved);
  },
);

test("a schedule's rates are summed, each until the next", () => {
  const run = model("edge", 0.1);
  run.series.columns.set("learningRate", Column.of(Float64Array.of(0, 10, 20), Float64Array.of(1, 2, 4)));
  const column = Column.of(Float64Array.of(0, 5, 10, 15, 25), Float64Array.of(1, 2, 3, 4, 5));
  expect([...(along(run, column, "rateTime")?.steps ?? [])]).toEqual([0, 5, 10, 20, 50]);
});

test("places ascend even where the clock stands still, and a run that does not say its epochs is left out with a word", () => {
  const run = model("edge", 0.1);
  run.series.clock.replace(0, Float64Array.of(0, 1, 2, 3), Float64Array.of(0, 1, 1, 2));
  const column = Column.of(Float64Array.of(0, 1, 2, 3), Float64Array.of(1, 2, 3, 4));
  const moved = along(run, column, "time");
  expect([[...(moved?.steps ?? [])], [...(moved?.values ?? [])]]).toEqual([
    [0, 1, 2],
    [1, 3, 4],
  ]);
  const nameless = { ...model("edge", 0.1), verdict: null };
  nameless.series.header = undefined;
  const plan = overlayPlan(chartOf("loss"), [{ run: nameless, slot: 1 }], { ...options, axis: "epoch" });
  expect(plan).toMatchObject({ lines: [], note: expect.stringMatching(/Not drawn: B/) });
});

test("runs that diverged, have not begun or hold hostile text are drawn as far as they go", () => {
  const runs = [model("diverged", 0.3), model("empty", 0.1), model("edge", 0.1)].map((run, slot) => ({
    run,
    slot,
  }));
  for (const chart of charts)
    if (chart.kind === "line")
      for (const normalized of [false, true])
        for (const axis of ["step", "time", "epoch", "rateTime"] as const)
          expect(() => overlayPlan(chart, runs, { ...options, normalized, axis })).not.toThrow();
});

test("series of several runs arrive beside one another, and a log that began anew replaces its own alone", () => {
  const state = emptyComparison();
  const told = edge.map(({ run: { series: _series, ...rest }, slot }) => ({
    ...rest,
    slot,
    mark: "≈",
    says: "edge",
  }));
  applyToComparison(state, { kind: "runs", runs: told, more: 3 });
  expect(state).toMatchObject({ loaded: true, more: 3 });
  for (const { run } of edge) {
    const delta = new SeriesSender(run.series).next()!;
    applyToComparison(state, { kind: "series", run: run.key, delta, anew: true });
  }
  expect(state.runs.map(({ run }) => run.series.column("sharpness").length)).toEqual(
    edge.map(({ run }) => run.series.column("sharpness").length),
  );
  const delta = new SeriesSender(new RunSeries()).next()!;
  applyToComparison(state, { kind: "series", run: edge[1].run.key, delta, anew: true });
  expect(state.runs.map(({ run }) => run.series.column("sharpness").length > 0)).toEqual([true, false, true]);
  applyToComparison(state, { kind: "runs", runs: told.slice(1), more: 0 });
  expect(state.runs.map(({ run }) => run.series.column("sharpness").length > 0)).toEqual([false, true]);
  expect(differencesOf(state.runs).map(({ path, values }) => [path, ...values])).toEqual([
    ["optimizer.learningRate", "0.1", "0.4"],
    ["optimizer.batchSize", "4", "full"],
  ]);
});

test.each([
  [{ kind: "ready", more: 1 }, { kind: "ready" }],
  [{ kind: "pick" }, { kind: "pick" }],
  [
    { kind: "received", run: "/r" },
    { kind: "received", run: "/r" },
  ],
  [
    { kind: "remove", run: "/r" },
    { kind: "remove", run: "/r" },
  ],
  [{ kind: "remove", run: 3 }, null],
  [{ kind: "delete", run: "/r" }, null],
  [{ kind: "open", run: "x".repeat(10_000) }, null],
  ["ready", null],
  [null, null],
])("%j is read as %j", (message, expected) => {
  expect(decodeFromCompare(message)).toEqual(expected);
});
