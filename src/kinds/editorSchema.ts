// The schema that VS Code's JSON service is given: all that completion and hover need, and nothing it could complain about. What is
// wrong is said by our own checker, once and in the command line's words; the service's are warnings in others.
import type { SchemaNode } from "../protocol/experimentSchema";

/** Keywords that only judge. */
const judging = new Set([
  "required",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "pattern",
  "minLength",
  "maxLength",
  "uniqueItems",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
]);
/** Keywords that offer values and judge them: beside a form that takes anything they only offer. */
const offering = ["type", "enum", "enumDescriptions", "const"] as const;

/** A node whose value may be anything, with the same completions and hovers. Conditions stay as they are: they pick the branch. */
export function loosened(node: SchemaNode | boolean): SchemaNode | boolean {
  if (typeof node === "boolean") return node;
  const kept: Record<string, unknown> = {};
  const offered: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (judging.has(key)) continue;
    if ((offering as readonly string[]).includes(key)) offered[key] = value;
    else if (key === "additionalProperties") {
      if (typeof value === "object") kept[key] = loosened(value as SchemaNode);
    } else kept[key] = inside(key, value);
  }
  const { anyOf = [], ...rest } = kept as { anyOf?: readonly SchemaNode[] };
  const forms = [...anyOf, ...(Object.keys(offered).length > 0 ? [offered] : [])];
  return forms.length > 0 ? { ...rest, anyOf: [...forms, {}] } : rest;
}

function inside(key: string, value: unknown): unknown {
  switch (key) {
    case "properties":
    case "definitions":
      return Object.fromEntries(
        Object.entries(value as Readonly<Record<string, SchemaNode>>).map(([name, own]) => [
          name,
          loosened(own),
        ]),
      );
    case "anyOf":
      return (value as readonly SchemaNode[]).map(loosened);
    case "allOf":
      return (value as NonNullable<SchemaNode["allOf"]>).map((branch) => ({
        if: branch.if,
        then: loosened(branch.then),
      }));
    case "items":
      return loosened(value as SchemaNode);
    default:
      return value;
  }
}
