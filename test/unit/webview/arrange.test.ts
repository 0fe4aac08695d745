// The table's rows in order: sorted by any column, in groups, compared with a base; columns from whatever runs say.
import { expect, test } from "vitest";
import { arrange, compare, differenceFrom, type Arrangement } from "../../../webview/table/arrange";
import { chosen, columnsOf, settingOf, usualColumns } from "../../../webview/table/columns";
import { applyToTable, emptyTable, viewOf } from "../../../webview/store/tableState";
import { firstLayout } from "../../../src/record/tableLayout";
import { rowNamed } from "./rows";

const rows = [
  rowNamed("a", {
    last: { sharpness: 3 },
    settings: { "optimizer.batchSize": '"full"', "model.width": "10" },
  }),
  rowNamed("b", {
    last: { sharpness: 20 },
    settings: { "optimizer.batchSize": "16", "model.width": "9" },
    sweep: "s1",
  }),
  rowNamed("c", {
    last: {},
    settings: { "optimizer.batchSize": "4" },
    sweep: "s1",
    experiment: "other",
    file: "other.basin.json",
  }),
  rowNamed("d", { last: { sharpness: NaN }, settings: { "optimizer.batchSize": "64", "model.width": "10" } }),
];
const data = { rows, shared: {} };
const columns = columnsOf(data);
const plain: Arrangement = { sort: null, columns, group: "none", closed: new Set() };
const keys = (change: Partial<Arrangement>) =>
  arrange(rows, { ...plain, ...change }).map((item) =>
    item.kind === "run" ? item.row.key : `[${item.title} ${item.count}]`,
  );
const by = (column: string, descending = false) => keys({ sort: { column, descending } });

test("rows stay as they came until they are sorted, and what is missing or NaN comes last either way", () => {
  expect(keys({})).toEqual(["a", "b", "c", "d"]);
  expect(by("last:sharpness")).toEqual(["a", "b", "c", "d"]);
  expect(by("last:sharpness", true)).toEqual(["b", "a", "c", "d"]);
});

test("numbers come in their order and before words; a column that is gone sorts nothing", () => {
  expect(by("setting:optimizer.batchSize")).toEqual(["c", "b", "d", "a"]);
  expect(by("setting:model.width")).toEqual(["b", "a", "d", "c"]);
  expect(by("last:gone")).toEqual(["a", "b", "c", "d"]);
  expect(compare("run 9", "run 10", 1)).toBeLessThan(0);
  expect(compare(Infinity, Infinity, 1)).toBe(0);
});

test("a pinned run is first whatever the rows are sorted by", () => {
  const pinned = rows.map((row) => (row.key === "d" ? { ...row, note: { ...row.note, pinned: true } } : row));
  const items = arrange(pinned, { ...plain, sort: { column: "last:sharpness", descending: true } });
  expect(items.map((item) => item.kind === "run" && item.row.key)).toEqual(["d", "b", "a", "c"]);
});

test("groups hold their rows in order, and a closed one shows its heading alone", () => {
  const sort = { column: "last:sharpness", descending: true };
  expect(keys({ group: "experiment", sort })).toEqual([
    "[demo · demo.basin.json 3]",
    "b",
    "a",
    "d",
    "[other · other.basin.json 1]",
    "c",
  ]);
  expect(keys({ group: "sweep" })).toEqual([
    "[demo · demo.basin.json · no sweep 2]",
    "a",
    "d",
    "[demo · demo.basin.json · sweep s1 1]",
    "b",
    "[other · other.basin.json · sweep s1 1]",
    "c",
  ]);
  const closed = new Set(["demo.basin.json demo"]);
  expect(keys({ group: "experiment", closed })).toEqual([
    "[demo · demo.basin.json 3]",
    "[other · other.basin.json 1]",
    "c",
  ]);
});

test.each([
  [2, 3, "+50 %"],
  [2, 1, "−50 %"],
  [-2, -1, "+50 %"],
  [2, 2, ""],
  [2, 40, "×20"],
  [2, 0.02, "×0.01"],
  [0, 3, ""],
  [2, NaN, ""],
  [null, 3, ""],
  ["full", 3, ""],
])("beside a base of %s the value %s reads %j", (base, value, text) => {
  expect(differenceFrom(base, value)).toBe(text);
});

test("columns are those there is something for; the name comes first and nothing twice", () => {
  const ids = columns.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain("setting:model.width");
  expect(ids).toContain("best:sharpness");
  expect(chosen(columns, ["last:sharpness", "gone", "last:sharpness"]).map(({ id }) => id)).toEqual([
    "name",
    "last:sharpness",
  ]);
  expect(usualColumns(data)).toContain("setting:model.width");
});

test("a setting named like what every object has is a setting, and no other", () => {
  const hostile = rowNamed("h", { settings: JSON.parse('{"__proto__":"1"}') });
  const own = { rows: [hostile], shared: {} };
  expect(columnsOf(own).map(({ id }) => id)).toContain("setting:__proto__");
  expect(settingOf(own, hostile, "__proto__")).toBe(1);
  expect(settingOf(own, hostile, "constructor")).toBeNull();
});

test("what the host tells makes the table: rows that change, come and go, and a filter that is none hides nothing", () => {
  const state = emptyTable();
  applyToTable(state, { kind: "rows", rows, order: ["a", "b", "c", "d"], shared: { seed: "1" } });
  applyToTable(state, { kind: "rows", rows: [rowNamed("b", { step: 7 })], order: null, shared: null });
  expect(state.data.rows.map(({ key, step }) => [key, step])).toEqual([
    ["a", 100],
    ["b", 7],
    ["c", 100],
    ["d", 100],
  ]);
  applyToTable(state, { kind: "rows", rows: [rowNamed("e")], order: ["e", "a", "d"], shared: null });
  expect(state.data.rows.map(({ key }) => key)).toEqual(["e", "a", "d"]);
  expect(state.data.shared).toEqual({ seed: "1" });
  applyToTable(state, {
    kind: "ticked",
    ticked: [
      ["a", 0],
      ["gone", 1],
    ],
  });
  applyToTable(state, {
    kind: "layout",
    layout: { ...firstLayout, filter: "sharpness >", base: "a" },
    mayWrite: true,
  });
  const view = viewOf(state, new Set());
  expect(view).toMatchObject({ shown: 3, of: 3 });
  expect(view.problem).toMatch(/a value is missing/);
  expect(view.base?.key).toBe("a");
});
