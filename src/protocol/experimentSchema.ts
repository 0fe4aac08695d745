// Reads the JSON Schema as data: which keys may stand where, what a value must be in words, and the defaults.
import schemaJson from "./basin.schema.json";
import { getAt, isObject, type Json, type JsonObject, type KeyPath } from "./jsonPath";

/** The parts of JSON Schema draft-07, and of VS Code's additions to it, that `basin.schema.json` uses. */
export interface SchemaNode {
  readonly $schema?: string;
  readonly description?: string;
  readonly markdownDescription?: string;
  readonly enumDescriptions?: readonly string[];
  readonly examples?: readonly Json[];
  readonly defaultSnippets?: readonly {
    readonly label: string;
    readonly description?: string;
    readonly body: Json;
  }[];
  readonly doNotSuggest?: boolean;
  readonly allowComments?: boolean;
  readonly allowTrailingCommas?: boolean;
  /** What a value is called in messages, where its forms are too many to list. */
  readonly title?: string;
  readonly $ref?: string;
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  readonly properties?: Readonly<Record<string, SchemaNode | boolean>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly allOf?: readonly { readonly if: SchemaNode; readonly then: SchemaNode }[];
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly string[];
  readonly const?: Json;
  readonly default?: Json;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly uniqueItems?: boolean;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

export const experimentSchema = schemaJson as unknown as SchemaNode & {
  readonly definitions: Readonly<Record<string, SchemaNode>>;
};

/** A node with its `$ref` merged in; what stands beside the `$ref` wins, as in VS Code's JSON service. */
function resolved(node: SchemaNode): SchemaNode {
  if (node.$ref === undefined) return node;
  const { $ref, ...own } = node;
  return { ...resolved(experimentSchema.definitions[$ref.slice("#/definitions/".length)]), ...own };
}

/** The schemas that apply to a value: the node itself and the `then` of each branch whose constants match. */
function branches(node: SchemaNode, value: Json | undefined): SchemaNode[] {
  const self = resolved(node);
  const forms = self.anyOf?.map(resolved).filter(({ type }) => type === "object") ?? [];
  const matching = (self.allOf ?? []).filter(({ if: condition }) =>
    Object.entries(condition.properties ?? {}).every(([key, wanted]) => {
      const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
      if (found === undefined) return !(condition.required ?? []).includes(key);
      return typeof wanted === "boolean" ? wanted : found === wanted.const;
    }),
  );
  return [self, ...forms, ...matching.map(({ then }) => resolved(then))];
}

/** Schemas of the keys an object may hold, given what it holds already (its `source` or `kind`). */
export function propertiesOf(
  node: SchemaNode,
  value: Json | undefined,
): Readonly<Record<string, SchemaNode>> {
  const known: Record<string, SchemaNode> = {};
  for (const branch of branches(node, value)) {
    for (const [key, property] of Object.entries(branch.properties ?? {})) {
      if (typeof property !== "boolean") known[key] = resolved(property);
    }
  }
  return known;
}

/** Keys that an object must hold, given what it holds already. */
export const requiredIn = (node: SchemaNode, value: Json | undefined): readonly string[] =>
  branches(node, value).flatMap(({ required = [] }) => required);

/** What the schema says of a value, without Markdown's marks. */
export function wordsOf(node: SchemaNode): string {
  const { description, markdownDescription = "" } = resolved(node);
  return description ?? markdownDescription.replace(/[`*]/g, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}

/** Schema of the value at a path of `root`, or undefined when no such key exists. */
export function schemaAt(root: Json, path: KeyPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = experimentSchema;
  for (let depth = 0; depth < path.length && node !== undefined; depth++) {
    const key = path[depth];
    const self: SchemaNode = resolved(node);
    const list: SchemaNode | undefined = [self, ...(self.anyOf?.map(resolved) ?? [])].find(
      ({ type }) => type === "array",
    );
    if (list && /^\d+$/.test(key)) {
      node = list.items ? resolved(list.items) : undefined;
      continue;
    }
    const known = propertiesOf(node, getAt(root, path.slice(0, depth)));
    const open: SchemaNode["additionalProperties"] = self.additionalProperties;
    node = Object.hasOwn(known, key) ? known[key] : typeof open === "object" ? resolved(open) : undefined;
  }
  return node;
}

/** Keys that may stand in the object at a path of `root`. */
export function keysAt(root: Json, path: KeyPath): string[] {
  const node = schemaAt(root, path);
  if (node === undefined) return [];
  return Object.keys(propertiesOf(node, getAt(root, path))).filter((key) => !key.startsWith("$"));
}

/** Every key path of the schema that ends in `key`, over all kinds and sources: "it belongs there". */
export function pathsNamed(key: string): readonly string[] {
  pathsByName ??= collectPaths();
  return pathsByName.get(key) ?? [];
}

/** Collected at the first question: a text may ask thousands of times. */
let pathsByName: ReadonlyMap<string, readonly string[]> | undefined;

function collectPaths(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const visit = (node: SchemaNode, path: string): void => {
    const self = resolved(node);
    for (const part of [self, ...(self.allOf ?? []).map(({ then }) => resolved(then))]) {
      for (const [name, property] of Object.entries(part.properties ?? {})) {
        if (typeof property === "boolean") continue;
        const here = path === "" ? name : `${path}.${name}`;
        const paths = found.get(name) ?? [];
        if (!paths.includes(here)) found.set(name, [...paths, here]);
        if (here !== "sweep") visit(property, here);
      }
    }
  };
  visit(experimentSchema, "");
  return found;
}

/** The words a value may be, also where words are one of several forms. */
export function choicesOf(node: SchemaNode): readonly string[] | undefined {
  const self = resolved(node);
  return self.enum ?? self.anyOf?.map(resolved).find((form) => form.enum)?.enum;
}

/** What a value must be, in words: "a whole number ≥ 1 or "full"". */
export function describeSchema(node: SchemaNode): string {
  const self = resolved(node);
  if (self.title !== undefined && self !== experimentSchema) return self.title;
  if (self.anyOf) return self.anyOf.map(describeSchema).join(" or ");
  if (self.const !== undefined) return JSON.stringify(self.const);
  if (self.enum) {
    return self.enum.length === 1
      ? JSON.stringify(self.enum[0])
      : `one of ${self.enum.map((value) => JSON.stringify(value)).join(", ")}`;
  }
  switch (self.type) {
    case "integer":
    case "number":
      return `a ${self.type === "integer" ? "whole number" : "number"}${range(self)}`;
    case "string":
      return self.minLength ? "a non-empty string" : "a string";
    case "boolean":
      return "true or false";
    case "array":
      return `a ${listOf(self)}${self.items ? ` of which each item is ${describeSchema(self.items)}` : ""}`;
    default:
      return "an object { … }";
  }
}

const listOf = ({ minItems = 0 }: SchemaNode): string =>
  minItems > 1 ? `list of at least ${minItems},` : `${minItems ? "non-empty " : ""}list`;

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaNode): string {
  const bounds = [
    ...(minimum === undefined ? [] : [`≥ ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`≤ ${maximum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`< ${exclusiveMaximum}`]),
  ];
  return bounds.length > 0 ? ` ${bounds.join(" and ")}` : "";
}

/** A copy of a valid value with every default of the schema filled in. */
export function withDefaults(value: Json, node: SchemaNode = experimentSchema): Json {
  const list = [node, ...(node.anyOf ?? [])].map(resolved).find(({ type }) => type === "array");
  if (Array.isArray(value) && list?.items) {
    const items = resolved(list.items);
    return value.map((item) => withDefaults(item, items));
  }
  if (!isObject(value)) return value;
  const filled: JsonObject = { ...value };
  // The discriminating key has its default in the outer node: it is filled before the branch is looked up, unless the branch
  // has no such key (a model from a file has no kind).
  const allowed = (key: string): boolean =>
    branches(node, filled).every(
      ({ additionalProperties, properties }) =>
        additionalProperties !== false || (properties && key in properties),
    );
  const fill = (properties: Readonly<Record<string, SchemaNode | boolean>>): void => {
    for (const [key, property] of Object.entries(properties)) {
      if (typeof property === "boolean" || filled[key] !== undefined || !allowed(key)) continue;
      const standard = resolved(property).default;
      if (standard !== undefined) filled[key] = standard;
    }
  };
  fill(resolved(node).properties ?? {});
  const known = propertiesOf(node, filled);
  fill(known);
  for (const [key, property] of Object.entries(known))
    if (filled[key] !== undefined) filled[key] = withDefaults(filled[key], property);
  return filled;
}
