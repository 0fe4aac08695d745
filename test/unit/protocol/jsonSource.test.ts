// Places in JSON-with-comments texts.
import { describe, expect, it } from "vitest";
import { parseJsonSource } from "../../../src/protocol/jsonSource";

const text = '{\r\n  // a comment\r\n  "a": { "b": [1, 22] },\n  "c.d": "é", \r  "a.b": 3,\n}';

describe("parseJsonSource", () => {
  const source = parseJsonSource(text, "f.json");

  it("reads comments, trailing commas and a byte order mark", () => {
    expect(source.problems).toEqual([]);
    expect(source.value).toEqual({ a: { b: [1, 22] }, "c.d": "é", "a.b": 3 });
    const marked = parseJsonSource(`\uFEFF${text}`, "f.json");
    expect(marked.problems).toEqual([]);
    expect(marked.value).toEqual(source.value);
  });

  it("counts lines and columns from 1 over \\r\\n, \\n and \\r", () => {
    expect(source.place(["a", "b", "1"])).toEqual({
      file: "f.json",
      key: "a.b.1",
      offset: text.indexOf("22"),
      length: 2,
      line: 3,
      column: 19,
    });
    expect(source.place(["c.d"])).toMatchObject({ line: 4, column: 10, length: 3 });
    expect(source.place(["a.b"])).toMatchObject({ line: 5, column: 10 });
  });

  it("places an object at its key, so that a diagnostic does not cover the whole of it", () => {
    expect(source.place(["a"])).toMatchObject({ offset: text.indexOf('"a"'), length: 3 });
    expect(source.place([])).toMatchObject({ offset: 0, length: 1, line: 1, column: 1 });
  });

  it("places an absent key at the nearest object around it", () => {
    expect(source.place(["a", "zzz", "y"])).toMatchObject({
      key: "a.zzz.y",
      offset: text.indexOf('"a"'),
      length: 3,
    });
  });

  it("reports a key given twice, at the second one", () => {
    const twice = parseJsonSource('{ "a": 1, "a": 2 }', "f.json");
    expect(twice.problems).toMatchObject([{ severity: "error", place: { key: "a", offset: 10, length: 3 } }]);
    expect(twice.value).toEqual({ a: 2 });
    expect(twice.place(["a"])).toMatchObject({ offset: 15 });
  });

  it.each([
    ['{ "a": }', 'Expected a value; found "}".', 7],
    ['{ "a" 1 }', 'Expected ":" between key and value; found "1".', 6],
    ['{ "a": 1 "b": 2 }', 'Expected "," before the next item; found "\\"b\\"".', 9],
    ['{ "a": 1', 'Expected "}": an object is not closed.', 8],
    ['{ "a": [1 }', "Expected", 10],
    ["{ /* ", "a comment is not closed", 2],
    ['{ "a": tru }', "Expected a JSON value", 7],
    ["{} 3", "Expected the end of the file", 3],
  ])("places the syntax error of %j", (broken, message, offset) => {
    const { problems } = parseJsonSource(broken, "f.json");
    expect(problems[0].message).toContain(message);
    expect(problems[0].place.offset).toBe(offset);
  });

  it("keeps a key named __proto__ as a key", () => {
    const { value } = parseJsonSource('{ "__proto__": { "polluted": 1 } }', "f.json");
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("refuses a text nested deeper than any experiment, instead of exhausting the stack", () => {
    for (const deep of ["[".repeat(200_000), '{"a":'.repeat(200_000)]) {
      const { value, problems } = parseJsonSource(deep, "f.json");
      expect(value).toBeUndefined();
      expect(problems[0].message).toContain("levels deep");
    }
  });
});
