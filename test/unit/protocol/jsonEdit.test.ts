// Edits of a text with comments: the value changes, and nothing that was said beside it.
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "jsonc-parser";
import { describe, expect, test } from "vitest";
import { oneLine, withoutProperty, withValue } from "../../../src/protocol/jsonEdit";
import { isObject, type Json } from "../../../src/protocol/jsonPath";

const text = `{
  // the rate
  "optimizer": { "kind": "sgd", "learningRate": 0.05 /* here */, "momentum": 0 }, // after
  "stop": {
    "steps": 10, // few
    "trainLoss": 1e-4, // small
  },
  "probes": { "sharpness": {} } // end
}
`;

const comments = (of: string): string[] => of.match(/\/\/.*|\/\*.*?\*\//g) ?? [];
const read = (of: string): Json => parse(of, [], { allowTrailingComma: true }) as Json;

/** Every key path of a value. */
const paths = (value: Json, path: string[] = []): string[][] =>
  isObject(value)
    ? Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...paths(inner, [...path, key])])
    : [];

/** The same change made to the value itself, by JavaScript. */
function changed(
  value: Json,
  path: readonly string[],
  make: (owner: Record<string, Json>, key: string) => void,
): Json {
  const copy = structuredClone(value);
  const owner = path.slice(0, -1).reduce<Json>((node, key) => (node as Record<string, Json>)[key], copy);
  make(owner as Record<string, Json>, path[path.length - 1]);
  return copy;
}

const examples = readdirSync("examples").filter((name) => name.endsWith(".basin.json"));
const texts: readonly (readonly [string, string])[] = [
  ["a text with comments everywhere", text],
  ["the same with CRLF", text.replaceAll("\n", "\r\n")],
  ["the same on one line", oneLine(read(text))],
  ...examples.map((name) => [name, readFileSync(`examples/${name}`, "utf8")] as const),
];

describe.each(texts)("%s", (_name, source) => {
  const value = read(source);

  test.each(paths(value))(
    "a value at any key is replaced, and every comment outside of it stays: %s",
    (...path) => {
      const after = withValue(source, path, "[1, 2]");
      expect(read(after)).toEqual(changed(value, path, (owner, key) => (owner[key] = [1, 2])));
      if (!isObject(path.reduce<Json>((node, key) => (node as Record<string, Json>)[key], value)))
        expect(comments(after)).toEqual(comments(source));
    },
  );

  test("a key may be added to every object, comments and lines as they were", () => {
    for (const path of [[], ...paths(value)]) {
      const at = path.reduce<Json>((node, key) => (node as Record<string, Json>)[key], value);
      if (!isObject(at)) continue;
      const after = withValue(source, [...path, "new"], "7");
      expect(read(after)).toEqual(changed(value, [...path, "new"], (owner, key) => (owner[key] = 7)));
      expect(comments(after)).toEqual(comments(source));
      if (source.includes("\r\n")) expect(after.replaceAll("\r\n", "")).not.toContain("\n");
    }
  });

  test.each(paths(value))("a key may be taken out, and no other: %s", (...path) => {
    const after = withoutProperty(source, path);
    expect(read(after)).toEqual(changed(value, path, (owner, key) => delete owner[key]));
    expect(after).not.toMatch(/,\s*,|\{\s*,/);
  });
});

test("what is said of the neighbours stays with them", () => {
  expect(withoutProperty(text, ["stop", "steps"])).toContain(
    '"stop": {\n    "trainLoss": 1e-4, // small\n  }',
  );
  expect(withoutProperty(text, ["stop", "trainLoss"])).toContain('"steps": 10, // few\n  }');
  expect(withoutProperty(text, ["optimizer", "momentum"])).toContain("0.05 /* here */ }, // after");
  expect(withValue(text, ["launch"], "{}")).toContain('{ "sharpness": {} }, // end\n  "launch": {}\n}');
  expect(withValue(text, ["stop", "minutes"], "3")).toContain('1e-4, // small\n    "minutes": 3,\n  }');
});

test("objects that are missing on the way are made, also in an empty file", () => {
  expect(withValue("{}", ["a", "b"], "1")).toBe('{ "a": { "b": 1 } }');
  expect(withValue("", ["a", "b"], "1")).toBe('{ "a": { "b": 1 } }');
  expect(read(withValue('// hi\n{ "a": 3 }', ["a", "b"], "1"))).toEqual({ a: { b: 1 } });
});
