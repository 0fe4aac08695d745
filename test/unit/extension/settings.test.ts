// What the settings' texts mean to a run, and that package.json offers what code reads.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { experimentDefaults, runsFolderOf } from "../../../src/extension/settingValues";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import schema from "../../../src/protocol/basin.schema.json";

const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
  contributes: { configuration: { properties: Record<string, Record<string, unknown>> } };
};
const { properties } = contributes.configuration;

const text = (rest: object) =>
  JSON.stringify({
    data: { source: "chebyshev", degree: 3, examples: 12 },
    model: { kind: "mlp", hidden: [5] },
    optimizer: { kind: "sgd", learningRate: 0.1, batchSize: "full" },
    ...rest,
  });

test("engine and memory of the settings hold where a file names none, and are no change of it", () => {
  const defaults = experimentDefaults("wasm", "2GB");
  const [silent] = checkExperiment(text({}), "a.basin.json", { defaults }).points;
  expect(silent.experiment).toMatchObject({ engine: "wasm", memory: "2GB" });
  expect(silent.overrides).toEqual({});
  const [own] = checkExperiment(text({ engine: "onnx", memory: "1GB" }), "a.basin.json", { defaults }).points;
  expect(own.experiment).toMatchObject({ engine: "onnx", memory: "1GB" });
});

test("a base that is extended names them as well", () => {
  const readText = () => text({ engine: "onnx" });
  const { points } = checkExperiment('{ "extends": "base.basin.json" }', "a.basin.json", {
    readText,
    defaults: experimentDefaults("wasm", undefined),
  });
  expect(points[0].experiment.engine).toBe("onnx");
});

test("a setting that means nothing counts as not given", () => {
  expect(experimentDefaults("gpu", "much")).toEqual({});
  expect(experimentDefaults(undefined, 3)).toEqual({});
  for (const nothing of ["", "  ", undefined, 7]) expect(runsFolderOf(nothing)).toBe(".basin/runs");
  expect(runsFolderOf("out/runs")).toBe("out/runs");
});

test("package.json offers the engines and sizes that an experiment takes", () => {
  expect(properties["basin.engine"].enum).toEqual(schema.properties.engine.enum);
  expect(properties["basin.memory"].pattern).toBe(schema.properties.memory.pattern);
  expect(properties["basin.memory"].default).toBe(schema.properties.memory.default);
});

test("every setting is described, ordered, and read by something", () => {
  const sources = readdirSync(join("src", "extension"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join("src", "extension", name), "utf8"))
    .join("\n");
  for (const [name, { markdownDescription, order }] of Object.entries(properties)) {
    expect(markdownDescription, name).toBeTruthy();
    expect(order, name).toBeTypeOf("number");
    const key = name.replace(/^basin\.(inline\.)?/, "");
    expect(sources, name).toContain(`"${key}"`);
  }
});
