// An experiment file as a form: a field for each key the schema knows here, what the file writes in it, what holds otherwise, and what is wrong with it. Pure.
import { findNodeAtLocation, type Node } from "jsonc-parser";
import type { Problem } from "./errors";
import { extended, type ReadText } from "./extending";
import {
  choicesOf,
  describeSchema,
  experimentSchema,
  propertiesOf,
  requiredIn,
  wordsOf,
  type SchemaNode,
} from "./experimentSchema";
import { oneLine, parseText, sourceOnOneLine } from "./jsonEdit";
import { getAt, isObject, type Json, type KeyPath } from "./jsonPath";
import { parseJsonSource } from "./jsonSource";
import { isScripted, ownTrainerKeys } from "./script";
import type { Choice, ExperimentForm, FieldKind, FormField, FormProblem, Refusal } from "./formField";

export interface FormOptions {
  readonly readText?: ReadText;
  /** What the checker found in this text. */
  readonly problems: readonly Problem[];
  /** By `idOf` its field. */
  readonly refused?: ReadonlyMap<string, Refusal>;
}

/** What tells fields apart: a key may itself hold dots. */
export const idOf = (path: KeyPath): string => JSON.stringify(path);

/** One problem in the words of the command line. */
export const wordsOfProblem = ({ message, hint }: Pick<Problem, "message" | "hint">): string =>
  hint ? `${message} ${hint}` : message;

/**
 * The fields in the schema's order, each part before its own.
 *
 * @param file  Its path: what it extends is looked for from there.
 */
export function experimentForm(text: string, file: string, options: FormOptions): ExperimentForm {
  const { problems, readText, refused = new Map<string, Refusal>() } = options;
  const own = parseJsonSource(text, file);
  const said = ({ severity, message, hint, place }: Problem): FormProblem => ({
    severity,
    message: wordsOfProblem({ message, hint }),
    ...(place.file === file ? { line: place.line, offset: place.offset } : {}),
  });
  const broken = own.problems.some(({ from }) => from === "syntax");
  if (broken || !isObject(own.value ?? {}))
    return { fields: [], problems: problems.map(said), readable: false };
  const texts: Texts = {
    text,
    tree: parseText(text),
    root: extended(own, file, readText).value ?? own.value ?? {},
    refused: [...refused.keys()].map((id) => JSON.parse(id) as KeyPath),
  };
  const fields = fieldsOf(experimentSchema, [], texts);
  const here = new Map<string, FormProblem[]>(fields.map(({ path }) => [path.join("."), []]));
  const elsewhere: FormProblem[] = [];
  for (const problem of problems) (listFor(problem, here) ?? elsewhere).push(said(problem));
  return {
    fields: fields.map((field) => ({
      ...field,
      problems: here.get(field.path.join(".")) ?? [],
      refused: refused.get(idOf(field.path)) ?? null,
    })),
    problems: elsewhere,
    readable: true,
  };
}

/** The field at a problem's key, else the nearest one around it. */
function listFor(
  { place: { key } }: Problem,
  fields: ReadonlyMap<string, FormProblem[]>,
): FormProblem[] | undefined {
  for (let at = key ?? ""; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
    const list = fields.get(at);
    if (list) return list;
  }
  return undefined;
}

interface Texts {
  readonly text: string;
  readonly tree: Node | undefined;
  /** What the file says with what it takes from others. */
  readonly root: Json;
  /** Paths at which something typed was refused: a key that is no other's gets a field for that. */
  readonly refused: readonly KeyPath[];
}

type Found = Omit<FormField, "problems" | "refused">;

function fieldsOf(node: SchemaNode, path: KeyPath, texts: Texts): Found[] {
  const value = getAt(texts.root, path);
  const known = propertiesOf(node, value);
  const required = requiredIn(node, value);
  const typed = texts.refused
    .filter((at) => idOf(at.slice(0, -1)) === idOf(path))
    .map((at) => at[at.length - 1]);
  const others = [...new Set([...(isObject(value) ? Object.keys(value) : []), ...typed])].filter(
    (key) => !Object.hasOwn(known, key),
  );
  const unused: readonly string[] =
    path.length > 0 ? [] : isScripted(texts.root) ? ownTrainerKeys : ["trainer", "settings"];
  const shown = Object.entries(known).filter(
    ([key, { doNotSuggest }]) =>
      !key.startsWith("$") &&
      !doNotSuggest &&
      (!unused.includes(key) || (isObject(value) && Object.hasOwn(value, key))),
  );
  return [...shown, ...others.filter((key) => !key.startsWith("$")).map((key) => [key, {}] as const)].flatMap(
    ([key, property]) => fieldAt(property, [...path, key], required.includes(key), texts),
  );
}

function fieldAt(node: SchemaNode, path: KeyPath, required: boolean, texts: Texts): Found[] {
  const own = texts.tree && findNodeAtLocation(texts.tree, [...path]);
  const value = getAt(texts.root, path);
  const meant = kindOf(node);
  const isPart = meant === "part" && (value === undefined || isObject(value));
  const kind = meant === "part" && !isPart ? "value" : meant;
  const open = isPart && (value !== undefined || required);
  const field: Found = {
    path,
    kind,
    written: own ? (isPart ? "" : writtenIn(texts.text, own, kind)) : null,
    otherwise: otherwiseOf(node, own ? undefined : value),
    required,
    open,
    ownKeys: isPart && typeof node.additionalProperties === "object",
    choices: suggestionsOf(node),
    about: wordsOf(node),
    expects: isPart ? "" : describeSchema(node),
  };
  return open ? [field, ...fieldsOf(node, path, texts)] : [field];
}

function kindOf(node: SchemaNode): FieldKind {
  if (node.enum) return "choice";
  switch (node.type) {
    case "boolean":
      return "boolean";
    case "integer":
    case "number":
      return "number";
    case "string":
      return "text";
    case "object":
      return "part";
    default:
      return "value";
  }
}

function suggestionsOf(node: SchemaNode): Choice[] {
  const words = choicesOf(node);
  if (words) return words.map((value, i) => ({ value, about: node.enumDescriptions?.[i] }));
  const constants = (node.anyOf ?? []).flatMap(({ const: constant }) =>
    constant === undefined ? [] : [constant],
  );
  const values = [...(node.examples ?? []), ...constants].map((value) => shownIn(kindOf(node), value));
  return [...new Set(values)].map((value) => ({ value }));
}

/** What the file writes at a node: a word without its quotes where they say nothing. */
const writtenIn = (text: string, node: Node, kind: FieldKind): string =>
  node.type === "string" ? shownIn(kind, node.value as string) : sourceOnOneLine(text, node);

function shownIn(kind: FieldKind, value: Json): string {
  if (typeof value !== "string") return oneLine(value);
  return kind === "text" || kind === "choice" || !isJson(value) ? value : JSON.stringify(value);
}

function otherwiseOf(node: SchemaNode, inherited: Json | undefined): string | null {
  const value = inherited ?? node.default;
  return value === undefined || isObject(value) ? null : shownIn(kindOf(node), value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
