// The editor's schema offers what the checker's knows and refuses nothing.
import Ajv from "ajv";
import { expect, it } from "vitest";
import editor from "../../../src/extension/language/editor.schema.json";
import schema from "../../../src/protocol/basin.schema.json";

const validate = new Ajv({ strict: false }).compile(editor);

it.each([
  {},
  { nonsense: 1 },
  { data: { source: "nowhere" }, model: { hiden: "x" }, optimizer: 3 },
  { data: { source: "idx", train: 5 }, model: { layers: [{ dense: -1, relu: 2 }, 7] }, memory: 9 },
  { sweep: { "optimizer.learningRate": "fast", x: [] }, loss: [], seed: -1.5, stop: {} },
])("has nothing against %j", (value) => {
  expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
});

it("explains the same keys, and offers the same words", () => {
  const texts = (node: unknown, found: string[] = []): string[] => {
    if (typeof node !== "object" || node === null) return found;
    for (const [key, value] of Object.entries(node)) {
      if (["description", "markdownDescription"].includes(key) && typeof value === "string")
        found.push(value);
      else if (key === "enum") found.push(JSON.stringify(value));
      else texts(value, found);
    }
    return found;
  };
  expect(texts(editor).sort()).toEqual(texts(schema).sort());
});
