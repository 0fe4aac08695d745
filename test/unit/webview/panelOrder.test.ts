// What the panel says before it lists: groups of charts, the banner's facts, the table of all numbers, and what a page remembers.
import { expect, test } from "vitest";
import type { Verdict } from "../../../src/types/verdict";
import { fixtureRun } from "../../fixtures/writeRun";
import { charts } from "../../../webview/charts";
import { groups } from "../../../webview/charts/groups";
import { isShown } from "../../../webview/charts/chart";
import { stabilityMap } from "../../../webview/charts/stabilityMap";
import { factsOf } from "../../../webview/store/facts";
import { cellsOf, csvOf, matching, numberRows, textOf } from "../../../webview/store/numberRows";
import { decodeView } from "../../../webview/store/view";
import type { RunModel } from "../../../webview/store/runModel";
import { modelOf } from "./models";

function edge({ verdict = true, events = [] as readonly object[] } = {}): RunModel {
  const run = fixtureRun("edge", { steps: 100 });
  return modelOf({
    info: run.info,
    status: verdict ? "finished" : "running",
    events: [...run.events, ...events],
    verdict: verdict ? run.verdict : null,
  });
}

test("every group of the registry has a chart, and the headline belongs to stability", () => {
  const used = new Set(charts.map(({ group }) => group));
  expect(groups.map(({ id }) => id).filter((id) => id !== "own" && !used.has(id))).toEqual([]);
  expect(charts.find(({ id }) => id === "fractions")?.group).toBe("stability");
});

test("the banner has the same facts before and after the verdict", () => {
  const labels = (run: RunModel) => factsOf(run).map(({ label }) => label);
  expect(labels(edge({ verdict: false }))).toEqual(labels(edge()));
  const [rate, largest, , , judged] = factsOf(edge({ verdict: false }));
  expect(rate.value).toBe("0.1");
  // The latest reading of the limit, below 2/λ.
  expect(Number(largest.value)).toBeGreaterThan(0);
  expect(judged.value).toBe("–");
  expect(factsOf(edge())[4].value).toBe("100");
});

test("without noise there is no smallest batch to speak of", () => {
  const run = edge();
  const { experiment } = run.info;
  const optimizer = { ...experiment.optimizer, batchSize: "full" as const };
  const full = { ...run, info: { ...run.info, experiment: { ...experiment, optimizer } } };
  expect(factsOf(full).map(({ label }) => label)).not.toContain("smallest stable batch");
});

test("a growth of at most 1 has no escape time, one that was not measured is not known", () => {
  const { verdict } = edge();
  const judged = (part: Partial<Verdict>) =>
    factsOf({ ...edge(), verdict: { ...verdict!, ...part } })[3].value;
  const growth = { value: 0.98, error: 1e-6, how: "power iteration" };
  const { readings } = verdict!;
  expect(judged({ escapeTime: null, readings: { ...readings, growth } })).toBe("none");
  expect(judged({ escapeTime: null })).toBe("–");
  expect(judged({ escapeTime: 12.5, readings: { ...readings, growth } })).toBe("12.5 steps");
});

test("what comes with the verdict has its place before", () => {
  expect(isShown(stabilityMap, edge({ verdict: false }))).toBe(true);
  expect(stabilityMap.empty(edge({ verdict: false }))).toContain("comes with the verdict");
  expect(stabilityMap.empty(edge())).toContain("no map");
});

test("the table has a row for each number, in the registry's order, and marks readings of earlier steps", () => {
  const late = { kind: "metrics", step: 120, time: 1, values: { "loss.train": 0.5, "my.metric": 7 } };
  const rows = numberRows(edge({ events: [late] }));
  const names = rows.map(({ name }) => name);
  expect(names.at(-1)).toBe("my.metric");
  expect(names.indexOf("loss.train")).toBeLessThan(names.indexOf("sharpness"));
  expect(names).not.toContain("sharpness.error");
  const row = (name: string) => rows.find((one) => one.name === name)!;
  expect(row("loss.train")).toMatchObject({ value: 0.5, step: 120, behind: 0 });
  expect(row("sharpness").behind).toBe(20);
  expect(cellsOf(row("sharpness"))[3]).toBe("100 (20 earlier)");
  expect(cellsOf(row("sharpness"))[2]).toMatch(/^± 0\.\d/);
  expect(row("sharpness").how).toContain('probe "sharpness"');
});

test("a search finds by every word, in name, label and origin", () => {
  const rows = numberRows(edge());
  expect(matching(rows, "training LOSS").map(({ name }) => name)).toEqual(["loss.train"]);
  expect(matching(rows, "").length).toBe(rows.length);
  expect(matching(rows, "no such thing")).toEqual([]);
});

test("as CSV numbers have every digit, and a name from a log is no formula", () => {
  const evil = { kind: "metrics", step: 3, time: 1, values: { '=cmd|"x",': 0.1 + 0.2 } };
  const lines = csvOf(numberRows(edge({ events: [evil] })))
    .trimEnd()
    .split("\n");
  expect(lines[0]).toBe("name,metric,value,error,step,how");
  expect(lines.at(-1)).toContain(`"'=cmd|""x"",","'=cmd|""x"",",0.30000000000000004,,3,`);
  const text = textOf(numberRows(edge()));
  expect(text.split("\n")[0]).toMatch(/^metric +value +error bar +step +how$/);
});

test("a page remembers what it was told, and nothing else that may stand there", () => {
  const state = {
    closed: ["noise"],
    numbers: true,
    logSteps: false,
    charts: { loss: { log: false, smoothing: 0.9, off: ["test"] } },
  };
  expect(decodeView(state)).toEqual(state);
  const nothing = { closed: [], numbers: false, logSteps: false, charts: {} };
  for (const raw of [undefined, null, 3, "x", [], { closed: 7, charts: [1] }])
    expect(decodeView(raw)).toEqual(nothing);
  expect(decodeView({ charts: { a: { log: 1, smoothing: 2, off: [1, "x"] }, b: 3 } }).charts).toEqual({
    a: { off: ["x"] },
    b: {},
  });
});
