// What the table's page is told of runs: everything once, then no more than what changed.
import { expect, test } from "vitest";
import { RowFeed } from "../../../src/extension/table/rowFeed";
import type { RunRecord } from "../../../src/launchers";
import { emptyNote } from "../../../src/record/runNote";
import { fixtureRun } from "../../fixtures/writeRun";

const record = (folder: string, learningRate = 0.1, change: Partial<RunRecord> = {}): RunRecord => {
  const { info, verdict } = fixtureRun("edge", { learningRate, id: folder });
  return {
    folder,
    info,
    status: "finished",
    step: 10,
    time: 1,
    verdict,
    flag: null,
    forecast: null,
    last: { sharpness: 20, "sharpness.error": 1, eigenvalues: [20, 3] },
    damage: [],
    note: emptyNote,
    limits: { sharpness: 2 / learningRate, preconditionedSharpness: Infinity, nonuniformity: Infinity },
    place: null,
    ...change,
  };
};

const feed = () =>
  new RowFeed(({ folder }) => ({
    label: folder,
    file: "a",
    mark: "≈",
    says: "edge",
    flagged: false,
    best: {},
  }));

test("all rows come first, with the settings in which they differ; what they share is told once", () => {
  const news = feed().next([record("b", 0.2), record("a", 0.1)]);
  expect(news?.order).toEqual(["b", "a"]);
  expect(news?.rows.map(({ settings }) => settings)).toEqual([
    { "optimizer.learningRate": "0.2" },
    { "optimizer.learningRate": "0.1" },
  ]);
  expect(news?.shared).toMatchObject({ loss: '"mse"', seed: "0" });
  expect(Object.keys(news?.shared ?? {})).not.toContain("optimizer.learningRate");
  expect(news?.rows[0]).toMatchObject({ last: { sharpness: 20 }, limit: { sharpness: 10 } });
  expect(Object.keys(news?.rows[0].last ?? {})).toEqual(["sharpness"]);
});

test("then nothing where nothing changed, and one row where one did", () => {
  const [a, b] = [record("a"), record("b", 0.2)];
  const one = feed();
  one.next([b, a]);
  expect(one.next([b, a])).toBeNull();
  // Read again, and the same.
  expect(one.next([b, record("a")])).toBeNull();
  const news = one.next([b, record("a", 0.1, { step: 11 })]);
  expect(news?.rows.map(({ key, step }) => [key, step])).toEqual([["a", 11]]);
  expect(news).toMatchObject({ order: null, shared: null });
});

test("a run that comes is one row where it differs in nothing new, and tells all anew where it does", () => {
  const [a, b] = [record("a"), record("b", 0.2)];
  const one = feed();
  one.next([b, a]);
  const come = one.next([record("c", 0.3), b, a]);
  expect(come).toMatchObject({ order: ["c", "b", "a"], shared: null });
  expect(come?.rows).toHaveLength(1);
  const other = record("d");
  const seeded = { ...other, info: { ...other.info, experiment: { ...other.info.experiment, seed: 7 } } };
  const anew = one.next([seeded, b, a]);
  expect(anew?.rows).toHaveLength(3);
  expect(anew?.rows[1].settings).toMatchObject({ seed: "0" });
  expect(one.next([b])).toMatchObject({ order: ["b"] });
});

test("a page that was loaded anew is told everything again", () => {
  const runs = [record("a")];
  const one = feed();
  one.next(runs);
  one.forget();
  expect(one.next(runs)?.rows).toHaveLength(1);
});
