// Prints the TypeScript types of a checked experiment, every default filled in, from the schema and the kinds.
import type { SchemaNode } from "../protocol/experimentSchema";
import type { Fragment } from "../protocol/fragment";
import { layers } from "../models";
import { definitionOf, families, pascal, type Family } from "./schema";

type Definitions = Readonly<Record<string, SchemaNode>>;

/** Definitions that have a type of their own, by its name; all others are written out where they stand. */
const typeNames: Readonly<Record<string, string>> = {
  data: "DataSpec",
  model: "ModelSpec",
  optimizer: "OptimizerSpec",
  schedule: "ScheduleSpec",
  loss: "LossKind",
  part: "Part",
  filePair: "FilePair",
  fileList: "FileList",
  csvFile: "CsvFile",
  scale: "Scale",
  activation: "Activation",
  initialization: "Initialization",
  batchSize: "BatchSize",
  layer: "LayerSpec",
  stop: "StopSpec",
  closing: "ClosingSpec",
  probes: "ProbesSpec",
  trainer: "TrainerSpec",
};
/** Written by hand: a layer's options are typed where it is built. */
const layerType = "string | { readonly [layer: string]: unknown }";
/** What a kind's type is called behind its own name. */
const suffixes: Readonly<Record<string, string>> = {
  data: "Data",
  model: "Spec",
  optimizer: "Spec",
  schedule: "Schedule",
};

class Printer {
  constructor(
    private readonly definitions: Definitions,
    /** Whether defaults are filled in, so that a key with one is always there. */
    private readonly filledIn: boolean,
  ) {}

  private resolve({ $ref, ...own }: SchemaNode): SchemaNode {
    return $ref ? { ...this.resolve(this.definitions[$ref.slice("#/definitions/".length)]), ...own } : own;
  }

  typeOf(node: SchemaNode, indent = ""): string {
    const name = node.$ref && typeNames[node.$ref.slice("#/definitions/".length)];
    return name ?? this.written(this.resolve(node), indent);
  }

  /** The type of a definition, its name aside. */
  written(node: SchemaNode, indent: string): string {
    if (node.anyOf) return node.anyOf.map((form) => this.typeOf(form, indent)).join(" | ");
    if (node.const !== undefined) return JSON.stringify(node.const);
    if (node.enum) return node.enum.map((word) => JSON.stringify(word)).join(" | ");
    if (node.type === "array") return `readonly ${wrapped(this.typeOf(node.items ?? {}, indent))}[]`;
    if (node.type === "integer") return "number";
    if (node.type !== "object") return node.type ?? "unknown";
    if (!node.properties && typeof node.additionalProperties === "object")
      return `Readonly<Record<string, ${this.typeOf(node.additionalProperties, indent)}>>`;
    return `{\n${this.keys(node, [], `${indent}  `)}\n${indent}}`;
  }

  /** The keys of an object, one a line; `filled` are there although the schema has no default for them. */
  keys({ properties = {}, required = [] }: SchemaNode, filled: readonly string[], indent: string): string {
    return Object.entries(properties)
      .flatMap(([key, property]) => {
        if (typeof property === "boolean") return [];
        const self = this.resolve(property);
        const always =
          required.includes(key) || filled.includes(key) || (this.filledIn && self.default !== undefined);
        const about = self.markdownDescription ?? self.description;
        return [
          ...(about === undefined ? [] : [`${indent}/** ${about} */`]),
          `${indent}readonly ${key}${always ? "" : "?"}: ${this.typeOf(property, indent)};`,
        ];
      })
      .join("\n");
  }
}

const wrapped = (type: string): string => (type.includes("|") ? `(${type})` : type);

const typeOfKind = (family: string, kind: string): string => pascal(kind) + suffixes[family];

function kindTypes(family: Family, definitions: Definitions): string[] {
  const { name, key, kinds, others = {} } = family;
  const printer = new Printer(definitions, true);
  const all: [string, Fragment][] = Object.entries({ ...kinds, ...others });
  const names = new Set(all.flatMap(([, { properties }]) => Object.keys(properties)));
  const interfaces = all.map(([kind, fragment]) => {
    const told =
      kind in others ? `readonly ${key}?: undefined;` : `readonly ${key}: ${JSON.stringify(kind)};`;
    const filled = [...(fragment.filled ?? []), ...(name === "optimizer" ? ["learningRate"] : [])];
    const keys = printer.keys(
      { ...definitions[definitionOf(name, kind)], properties: fragment.properties },
      filled,
      "  ",
    );
    // A key that other models have can be asked of any of them.
    const absent =
      name === "model" && names.has("initialization") && !("initialization" in fragment.properties)
        ? "\n  readonly initialization?: undefined;"
        : "";
    return `/** ${fragment.description ?? fragment.about} */\nexport interface ${typeOfKind(name, kind)} {\n  ${told}\n${keys}${absent}\n}`;
  });
  const union = (list: Readonly<Record<string, unknown>>) =>
    Object.keys(list)
      .map((kind) => typeOfKind(name, kind))
      .join(" | ");
  const builtin = name === "model" ? [`export type BuiltinSpec = ${union(kinds)};`] : [];
  return [...interfaces, ...builtin, `export type ${typeNames[name]} = ${union({ ...kinds, ...others })};`];
}

/** What stands behind a layer's name, as written: defaults are the layer's own affair. */
function layerTypes(definitions: Definitions): string[] {
  const printer = new Printer(definitions, false);
  return Object.entries(layers).flatMap(([name, { spec }]) =>
    spec.options ? [`export type ${pascal(name)}Options = ${printer.typeOf(spec.options)};`] : [],
  );
}

/** The text of `experiment.ts`. */
export function experimentTypes(schema: SchemaNode & { readonly definitions: Definitions }): string {
  const { definitions } = schema;
  const printer = new Printer(definitions, true);
  const filled: Readonly<Record<string, readonly string[]>> = { stop: ["steps"] };
  const ofKinds = families.map(({ name }) => name);
  const shared = Object.entries(typeNames)
    .filter(([name]) => !ofKinds.includes(name) && name !== "layer")
    .map(([name, type]) => {
      const node = definitions[name];
      return node.type === "object"
        ? `export interface ${type} {\n${printer.keys(node, filled[name] ?? [], "  ")}\n}`
        : `export type ${type} = ${printer.written(node, "")};`;
    });
  // A checked experiment is one point of its sweep.
  const top = Object.fromEntries(
    Object.entries(schema.properties ?? {}).filter(([key]) => !["$schema", "extends", "sweep"].includes(key)),
  );
  return [
    "// Made by `npm run schema` from what the kinds declare; change it there. What a checked experiment holds, defaults filled in.",
    ...shared,
    `/** A layer by its name, or { name: options }; see models/layers. */\nexport type LayerSpec = ${layerType};`,
    ...families.flatMap((family) => kindTypes(family, definitions)),
    ...layerTypes(definitions),
    `export interface Experiment {\n${printer.keys({ ...schema, properties: top }, ["name", "data", "model", "optimizer"], "  ")}\n}`,
    "",
  ].join("\n\n");
}
