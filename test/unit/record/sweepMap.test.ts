// A sweep's map: which run stands in which cell, where values lie on an axis, and where predicted limits are drawn.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withSweepValue } from "../../../src/protocol/sweepEdit";
import { listRuns } from "../../../src/record/disk/catalog";
import type { RunRecord } from "../../../src/record/runRecord";
import { placeOn, sweepMapOf, valueAt, type SweepAxis } from "../../../src/record/sweepMap";
import { decodeFromMap, decodeToMap, encodeToMap } from "../../../src/record/sweepMapMessages";
import { writeRun } from "../../fixtures/writeRun";

const rate = "optimizer.learningRate";
const batch = "optimizer.batchSize";
const swept = [
  { key: rate, values: [0.4, 0.1] },
  { key: batch, values: ["full", 16, 4] },
];

let folder: string;
let runs: RunRecord[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "basin-map-"));
  writeRun(folder, "edge", { learningRate: 0.1, batchSize: 4, id: "20260101-000000-a" });
  writeRun(folder, "unstable", { learningRate: 0.1, batchSize: 4, id: "20260102-000000-b" });
  writeRun(folder, "diverged", { learningRate: 0.4, batchSize: "full", id: "20260103-000000-c" });
  writeRun(folder, "edge", { learningRate: 0.7, batchSize: 4, id: "20260104-000000-d" });
  runs = await listRuns(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("learning rates go up over batch sizes, numbers ascending and words last, whatever the file's order", () => {
  const { x, y, keys } = sweepMapOf(swept, runs);
  expect(x).toEqual({ key: batch, values: ["4", "16", '"full"'] });
  expect(y).toEqual({ key: rate, values: ["0.1", "0.4"] });
  expect(keys).toEqual([rate, batch]);
});

test("a cell shows the newest run with its values and counts the others; a run off the lists has no cell", () => {
  const { cells } = sweepMapOf(swept, runs);
  expect(cells).toHaveLength(6);
  const at = (x: number, y: number) => cells.find((cell) => cell.x === x && cell.y === y)!;
  expect(at(0, 0)).toMatchObject({
    verdict: { verdict: "unstable-mean" },
    runs: 2,
    run: join(folder, "20260102-000000-b"),
  });
  expect(at(2, 1)).toMatchObject({ verdict: { verdict: "diverged" }, runs: 1, limits: { mean: null } });
  expect(at(1, 1)).toMatchObject({ run: null, status: null, runs: 0 });
  expect(at(0, 0).limits.mean).toBeCloseTo(2 / 25, 12);
  expect(cells.flatMap(({ run }) => run ?? [])).toHaveLength(2);
});

test("a judged run's typical limit is its verdict's, one that was not found is none, and before the verdict it is the last reading", () => {
  const run = runs.find(({ verdict }) => verdict?.verdict === "edge")!;
  const typicalOf = (changed: Partial<RunRecord>) => {
    const own = { ...run, ...changed };
    const rates = { key: rate, values: [own.info.experiment.optimizer.learningRate] };
    return sweepMapOf([rates], [own]).cells[0].limits.typical;
  };
  const judged = (value: number) => {
    const typical = { value, error: 0.01, how: "simulated" };
    return typicalOf({ verdict: { ...run.verdict!, limits: { ...run.verdict!.limits, typical } } });
  };
  expect(judged(0.3)).toBe(0.3);
  expect(judged(NaN)).toBeNull();
  expect(typicalOf({})).toBeNull();
  expect(typicalOf({ verdict: null, last: { "stability.typicalLimit": 0.2 } })).toBe(0.2);
});

test("any two swept keys are axes when wanted, and one key alone makes a strip", () => {
  const more = [...swept, { key: "seed", values: [0, 1] }];
  const turned = sweepMapOf(more, runs, [rate, "seed"]);
  expect([turned.x.key, turned.y?.key]).toEqual([rate, "seed"]);
  // The fixtures' seed is 0.
  expect(turned.cells.filter(({ run }) => run !== null).map(({ x, y }) => [x, y])).toEqual([
    [0, 0],
    [1, 0],
  ]);
  const strip = sweepMapOf([swept[0]], runs, ["gone"]);
  expect([strip.x.key, strip.y, strip.cells.length]).toEqual([rate, null, 2]);
});

test("a value lies on its axis by its logarithm, between its neighbours and beyond them, and back", () => {
  const axis: SweepAxis = { key: rate, values: ["0.1", "0.4", "0.8"] };
  expect(placeOn(axis, 0.1)).toBe(0);
  expect(placeOn(axis, 0.2)).toBeCloseTo(0.5, 12);
  expect(placeOn(axis, 0.8)).toBeCloseTo(2, 12);
  expect(placeOn(axis, 1.6)).toBeCloseTo(3, 12);
  expect(placeOn(axis, 0.025)).toBeCloseTo(-1, 12);
  expect([0, NaN, Infinity].map((value) => placeOn(axis, value))).toEqual([null, null, null]);
  for (const place of [-1, 0, 0.5, 1.5, 3])
    expect(placeOn(axis, valueAt(axis, place)!)).toBeCloseTo(place, 0);
  expect(valueAt({ key: batch, values: ["4", "16", '"full"'] }, 0.5)).toBe(8);
  expect(valueAt({ key: "x", values: ['"a"'] }, 1)).toBeNull();
});

test("a value is put among ascending ones, behind words, once, and nothing else of the text changes", () => {
  const text =
    '{\n  // kept\n  "sweep": { "optimizer.learningRate": [0.1, 0.4], /* too */ "optimizer.batchSize": [4, "full"] }\n}\n';
  const axis = (key: string, values: (number | string)[]) => ({ key, path: key.split("."), values });
  expect(withSweepValue(text, axis(rate, [0.1, 0.4]), 0.2)).toBe(
    text.replace("[0.1, 0.4]", "[0.1, 0.2, 0.4]"),
  );
  expect(withSweepValue(text, axis(rate, [0.1, 0.4]), 0.8)).toBe(
    text.replace("[0.1, 0.4]", "[0.1, 0.4, 0.8]"),
  );
  expect(withSweepValue(text, axis(batch, [4, "full"]), 8)).toBe(
    text.replace('[4, "full"]', '[4, 8, "full"]'),
  );
  expect(withSweepValue(text, axis(rate, [0.1, 0.4]), 0.4)).toBe(text);
  const lines = '{ "sweep": { "optimizer.learningRate": [\n  0.1, // small\n  0.4 // large\n] } }';
  expect(withSweepValue(lines, axis(rate, [0.1, 0.4]), 0.8)).toBe(lines.replace("0.4 //", "0.4, 0.8 //"));
  // The list stands in the file that this one extends.
  expect(withSweepValue('{ "extends": "a.basin.json" }', axis(rate, [0.1, 0.4]), 0.2)).toBe(
    '{ "extends": "a.basin.json", "sweep": { "optimizer.learningRate": [0.1, 0.2, 0.4] } }',
  );
});

test("messages come through as they were sent, and what a page may not say is none", () => {
  const map = sweepMapOf(swept, runs);
  const message = { kind: "map", map, name: "demo", mayRun: true } as const;
  expect(decodeToMap(JSON.parse(JSON.stringify(encodeToMap(message))))).toEqual(message);
  for (const good of [
    { kind: "ready" },
    { kind: "cell", x: 1, y: 0 },
    { kind: "add", key: rate, typed: "0.2" },
  ])
    expect(decodeFromMap(good)).toEqual(good);
  for (const bad of [
    null,
    {},
    { kind: "cell", x: -1, y: 0 },
    { kind: "cell", x: 0.5, y: 0 },
    { kind: "add", key: rate, typed: "9".repeat(501) },
    { kind: "axes", keys: ["a", "b", "c"] },
  ])
    expect(decodeFromMap(bad)).toBeNull();
});
