// What people note of runs: decoded whoever wrote it, changed without losing what Basin does not know.
import { expect, test } from "vitest";
import { decodeNote, emptyNote, longestNote, withChange } from "../../../src/record/runNote";

test("a note reads as it was written", () => {
  const raw = { pin: true, name: "the good one", note: "first\nsecond", tags: ["paper", "eos"], more: 1 };
  expect(decodeNote(raw)).toEqual({
    pinned: true,
    name: "the good one",
    note: "first\nsecond",
    tags: ["paper", "eos"],
  });
});

test.each([[null], ["text"], [[]], [3], [undefined]])("%j is no note", (raw) => {
  expect(decodeNote(raw)).toBeNull();
});

test.each([
  [{ pin: "yes", name: 3, note: {}, tags: "paper" }, {}],
  [{ tags: ["a", "a", "", 3, null, " b "] }, { tags: ["a", "b"] }],
  [{ name: "a\u001b[31mred\nline\u202e" }, { name: "a\ufffd[31mred\ufffdline\ufffd" }],
  [{ note: "one\r\ntwo\u0007" }, { note: "one\ntwo\ufffd" }],
  [{ name: "<img src=x onerror=alert(1)>" }, { name: "<img src=x onerror=alert(1)>" }],
])("of %j what is none costs exactly itself", (raw, expected) => {
  expect(decodeNote(raw)).toEqual({ ...emptyNote, ...expected });
});

test("no part grows without bound", () => {
  const long = "x".repeat(1_000_000);
  const note = decodeNote({
    name: long,
    note: long,
    tags: Array.from({ length: 1000 }, (_, i) => `${i}${long}`),
  });
  expect(note?.name).toHaveLength(longestNote.name);
  expect(note?.note).toHaveLength(longestNote.note);
  expect(note?.tags).toHaveLength(longestNote.tags);
  expect(Math.max(...(note?.tags ?? []).map((tag) => tag.length))).toBe(longestNote.tag);
});

test("a change keeps keys that Basin does not know, and what is emptied leaves the file", () => {
  const raw = { owner: { id: 7 }, name: "old", pin: true };
  expect(withChange(raw, { name: "new", tags: ["a"] })).toEqual({
    owner: { id: 7 },
    name: "new",
    pin: true,
    tags: ["a"],
  });
  expect(withChange(raw, { name: "", pinned: false })).toEqual({ owner: { id: 7 } });
  expect(withChange({ tags: ["a"], note: "b" }, { tags: [], note: " " })).toEqual({});
  expect(withChange({}, { pinned: true })).toEqual({ pin: true });
});
