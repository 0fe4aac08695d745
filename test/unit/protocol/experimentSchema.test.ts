// The schema itself: defaults that satisfy it, texts for every key, snippets and examples that are valid experiments.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import schema from "../../../src/protocol/basin.schema.json";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import {
  describeSchema,
  experimentSchema,
  pathsNamed,
  schemaAt,
} from "../../../src/protocol/experimentSchema";
import { file, least } from "./samples";

interface Described {
  $ref?: string;
  description?: string;
  markdownDescription?: string;
  enum?: unknown[];
  enumDescriptions?: unknown[];
  properties?: Record<string, Described | true>;
}
const definitions = schema.definitions as unknown as Record<string, Described>;
const objects = [["", schema as unknown as Described] as const, ...Object.entries(definitions)];
const merged = (node: Described): Described =>
  node.$ref ? { ...definitions[node.$ref.replace("#/definitions/", "")], ...node } : node;
const properties = objects.flatMap(([where, { properties: all = {} }]) =>
  Object.entries(all).flatMap(([key, node]) =>
    node === true ? [] : [[`${where}/${key}`, merged(node)] as const],
  ),
);

/** A snippet's text as the editor inserts it: "^${1:4}" is the number 4, "${1:name}" the string "name". */
const inserted = (body: unknown): string =>
  JSON.stringify(body)
    .replace(/"\^\$\{\d+:([^}]*)\}"/g, "$1")
    .replace(/\$\{\d+:([^}]*)\}/g, "$1");

describe("the schema", () => {
  it.each(properties)("explains %s to a hovering reader", (_key, node) => {
    expect(node.description ?? node.markdownDescription).toMatch(/.{10}/);
  });

  it.each(properties.filter(([, node]) => node.enum))("explains every choice of %s", (_key, node) => {
    expect(node.enumDescriptions).toHaveLength(node.enum?.length ?? 0);
  });

  it("puts whole snippets that the checker accepts", () => {
    const roomy = least.replace('"chebyshev"', '"chebyshev", "examples": 100');
    const at = (path: string, body: unknown) =>
      checkExperiment(roomy, file, { overrides: [`${path}=${inserted(body)}`] }).problems;
    for (const { body } of schema.defaultSnippets)
      expect(checkExperiment(inserted(body), file).problems).toEqual([]);
    const { data, model, optimizer } = schema.definitions;
    for (const { body } of data.defaultSnippets) expect(at("data", body)).toEqual([]);
    for (const { body } of model.defaultSnippets) expect(at("model", body)).toEqual([]);
    for (const { body } of optimizer.defaultSnippets) expect(at("optimizer", body)).toEqual([]);
  });

  it("says which values a key takes", () => {
    const at = (...path: string[]) => describeSchema(schemaAt({ optimizer: {} }, path) ?? {});
    expect(at("optimizer", "batchSize")).toBe('a whole number ≥ 1 or "full"');
    expect(at("loss")).toBe('one of "mse", "squared-error", "cross-entropy"');
    expect(at("optimizer", "nesterov")).toBe("true or false");
    expect(at("stop")).toBe("an object { … }");
  });

  it("knows a key only under the kind it belongs to", () => {
    expect(schemaAt({ data: { source: "chebyshev" } }, ["data", "degree"])).toBeDefined();
    expect(schemaAt({ data: { source: "idx" } }, ["data", "degree"])).toBeUndefined();
    expect(schemaAt({ data: {} }, ["data", "constructor"])).toBeUndefined();
    expect(pathsNamed("every")).toEqual([
      "optimizer.schedule.every",
      "probes.sharpness.every",
      "probes.noise.every",
      "probes.generalization.every",
      "probes.gradientNoise.every",
      "probes.smoothness.every",
      "probes.spectrum.every",
      "probes.layers.every",
      "probes.manifold.every",
      "probes.flow.every",
      "checkpoints.every",
    ]);
  });

  it("is the object that the editor is given, unchanged by being read", () => {
    const before = JSON.stringify(experimentSchema);
    const point = checkExperiment(least, file).points[0].experiment;
    (point.probes as { noise?: unknown }).noise = null;
    (point.stop as { steps: number }).steps = -1;
    expect(JSON.stringify(experimentSchema)).toBe(before);
    expect(checkExperiment(least, file).points[0].experiment.stop.steps).toBe(10_000);
  });
});

describe("examples/", () => {
  const walk = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : path.endsWith(".basin.json") ? [path] : [];
    });
  const examples = walk("examples");

  it("holds the experiments the README speaks of", () => {
    expect(examples.map((path) => path.replaceAll("\\", "/"))).toEqual(
      expect.arrayContaining([
        "examples/sweep.basin.json",
        "examples/spirals.basin.json",
        "examples/momentum.basin.json",
        "examples/paper/fashion-fnn.basin.json",
      ]),
    );
  });

  it.each(examples)("%s has no problems", (path) => {
    const { problems, points } = checkExperiment(readFileSync(path, "utf8"), path);
    expect(problems).toEqual([]);
    expect(points.length).toBeGreaterThan(0);
  });
});
