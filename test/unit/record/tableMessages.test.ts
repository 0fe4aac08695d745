// What the page of the table may ask of the editor, and what of a layout that was kept still holds.
import { expect, test } from "vitest";
import { decodeLayout, firstLayout } from "../../../src/record/tableLayout";
import { decodeFromTable, decodeToTable, encodeToTable } from "../../../src/record/tableMessages";

const layout = {
  columns: ["name", "last:sharpness"],
  sort: { column: "name", descending: true },
  group: "sweep",
  filter: "a",
  base: "/r",
} as const;

test.each([
  [{ kind: "ready" }],
  [{ kind: "open", run: "/r" }],
  [{ kind: "tick", runs: ["/r", "/s"], on: true }],
  [{ kind: "act", action: "tags", runs: ["/r"] }],
  [{ kind: "chooseColumns", columns: [{ id: "name", title: "Run", group: "Run", shown: true }] }],
  [{ kind: "layout", layout }],
])("%j is read as what it is, and nothing more", (message) => {
  expect(decodeFromTable({ ...message, more: 1 })).toEqual(message);
});

test.each([
  [null],
  ["ready"],
  [{}],
  [{ kind: "open" }],
  [{ kind: "open", run: 3 }],
  [{ kind: "tick", runs: ["/r"] }],
  [{ kind: "tick", runs: "/r", on: true }],
  [{ kind: "tick", runs: [3], on: true }],
  [{ kind: "act", action: "run", runs: ["/r"] }],
  [{ kind: "act", action: "delete", runs: null }],
  [{ kind: "chooseColumns", columns: "all" }],
  [{ kind: "open", run: "x".repeat(100_000) }],
])("%j is none", (message) => {
  expect(decodeFromTable(message)).toBeNull();
});

test.each([
  [null, firstLayout],
  ["text", firstLayout],
  [{ columns: [] }, firstLayout],
  [
    { columns: ["a", 3, "a", "b"], sort: "a", group: "other", filter: 3, base: {} },
    { ...firstLayout, columns: ["a", "b"] },
  ],
  [{ sort: { column: "a" } }, { ...firstLayout, sort: { column: "a", descending: false } }],
  [
    { columns: Array.from({ length: 9999 }, (_, i) => `c${i}`) },
    { ...firstLayout, columns: Array.from({ length: 200 }, (_, i) => `c${i}`) },
  ],
])("a layout that reads %j is laid out as far as it is one", (raw, expected) => {
  expect(decodeLayout(raw)).toEqual(expected);
});

test("numbers that JSON cannot say come through", () => {
  const message = { kind: "ticked", ticked: [["/r", null]] } as const;
  expect(decodeToTable(JSON.parse(JSON.stringify(encodeToTable(message))))).toEqual(message);
});
