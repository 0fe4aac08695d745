// A JSON-with-comments text as a value whose every key path knows its place in the text.
import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from "jsonc-parser";
import type { Problem, SourcePlace } from "./errors";
import { setOwn, type Json, type JsonObject, type KeyPath } from "./jsonPath";

/** jsonc-parser recurses per level: beyond this depth a text is refused before it can exhaust the stack. */
const maxDepth = 64;

/** Tokens of jsonc-parser's scanner. Its own enum is ambient and const, which a single-file compiler cannot read. */
const token = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 } as const;

export interface JsonSource {
  /** What the text says as far as it can be read; undefined when nothing can. The last of duplicate keys wins. */
  readonly value: Json | undefined;
  /** Syntax errors and duplicate keys. */
  readonly problems: readonly Problem[];
  /** Place of a path's value; of its key with `"key"`; of the nearest object around it when it is absent. */
  readonly place: (path: KeyPath, what?: "value" | "key") => SourcePlace;
  /** Whether the text holds this path. */
  readonly has: (path: KeyPath) => boolean;
}

export function parseJsonSource(rawText: string, file: string): JsonSource {
  // A byte order mark is no JSON; a space keeps every offset.
  const text = rawText.startsWith("\uFEFF") ? ` ${rawText.slice(1)}` : rawText;
  const at = locator(text, file);
  if (depthOf(text) > maxDepth) {
    const message = `The file nests more than ${maxDepth} levels deep; an experiment needs at most four.`;
    const problem: Problem = { severity: "error", from: "check", message, place: at(0, 1) };
    return { value: undefined, problems: [problem], place: () => at(0, 1), has: () => false };
  }
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const problems: Problem[] = errors.map(({ error, offset, length }) => ({
    severity: "error",
    from: "syntax",
    message: syntaxMessage(printParseErrorCode(error), text.slice(offset, offset + length)),
    place: at(offset, Math.max(1, length)),
  }));
  const value = tree && toJson(tree, [], (key, path) => problems.push(duplicate(key, path)));

  function duplicate(key: Node, path: KeyPath): Problem {
    return {
      severity: "error",
      from: "check",
      message: `\`${path.at(-1)}\` is given twice in the same object; expected once.`,
      hint: "Remove one of the two.",
      place: { ...at(key.offset, key.length), key: path.join(".") },
    };
  }

  function place(path: KeyPath, what: "value" | "key" = "value"): SourcePlace {
    const key = path.join(".");
    const withKey = (offset: number, length: number) => ({ ...at(offset, length), ...(key ? { key } : {}) });
    let node = tree;
    let property: Node | undefined;
    for (const step of path) {
      const next = node && child(node, step);
      if (!next) break;
      property = next.property ?? next.value;
      node = next.value;
    }
    if (!node) return withKey(0, 1);
    const label = property?.type === "property" ? property.children?.[0] : undefined;
    const wantsKey = what === "key" || node.type === "object";
    if (wantsKey && label) return withKey(label.offset, label.length);
    return node.type === "object" ? withKey(node.offset, 1) : withKey(node.offset, node.length);
  }

  const has = (path: KeyPath) =>
    tree !== undefined &&
    path.reduce<Node | undefined>((node, step) => node && child(node, step)?.value, tree) !== undefined;
  return { value, problems, place, has };
}

/** The value under a key of an object or an index of a list; of duplicate keys the last, as in `toJson`. */
function child(node: Node, key: string): { value: Node; property?: Node } | undefined {
  if (node.type === "array") {
    const value = /^\d+$/.test(key) ? node.children?.[Number(key)] : undefined;
    return value && { value };
  }
  if (node.type !== "object") return undefined;
  const property = node.children?.findLast((p) => p.children?.[0]?.value === key);
  const value = property?.children?.[1];
  return value && { value, property };
}

function toJson(node: Node, path: KeyPath, onDuplicate: (key: Node, path: KeyPath) => void): Json {
  if (node.type === "array") {
    return (node.children ?? []).map((item, i) => toJson(item, [...path, String(i)], onDuplicate));
  }
  if (node.type !== "object") return node.value as Json;
  const object: JsonObject = {};
  for (const { children } of node.children ?? []) {
    const [key, value] = children ?? [];
    if (!key || !value) continue;
    const name = String(key.value);
    if (Object.hasOwn(object, name)) onDuplicate(key, [...path, name]);
    setOwn(object, name, toJson(value, [...path, name], onDuplicate));
  }
  return object;
}

function depthOf(text: string): number {
  const scanner = createScanner(text, true);
  let depth = 0;
  let deepest = 0;
  for (let kind: number = scanner.scan(); kind !== token.end; kind = scanner.scan()) {
    if (kind === token.openBrace || kind === token.openBracket) deepest = Math.max(deepest, ++depth);
    if (kind === token.closeBrace || kind === token.closeBracket) depth--;
  }
  return deepest;
}

/** Line and column of an offset, both from 1. Lines end at \n, \r\n or \r, as in VS Code. */
function locator(text: string, file: string): (offset: number, length: number) => SourcePlace {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\n" || (text[i] === "\r" && text[i + 1] !== "\n")) starts.push(i + 1);
  }
  return (offset, length) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, offset, length, line: low + 1, column: offset - starts[low] + 1 };
  };
}

function syntaxMessage(code: string, found: string): string {
  const shown = found.length > 0 && found.length < 40 ? `; found ${JSON.stringify(found)}` : "";
  switch (code) {
    case "InvalidSymbol":
      return `Expected a JSON value: a number, a "string" in double quotes, true, false, null, [ … ] or { … }${shown}.`;
    case "InvalidNumberFormat":
      return `Expected a number such as 0.1 or 1e-4${shown}.`;
    case "PropertyNameExpected":
      return `Expected a key in double quotes${shown}.`;
    case "ValueExpected":
      return `Expected a value${shown}.`;
    case "ColonExpected":
      return `Expected ":" between key and value${shown}.`;
    case "CommaExpected":
      return `Expected "," before the next item${shown}.`;
    case "CloseBraceExpected":
      return `Expected "}": an object is not closed${shown}.`;
    case "CloseBracketExpected":
      return `Expected "]": a list is not closed${shown}.`;
    case "EndOfFileExpected":
      return `Expected the end of the file after the experiment's closing "}"${shown}.`;
    case "UnexpectedEndOfComment":
      return `Expected "*/": a comment is not closed.`;
    case "UnexpectedEndOfString":
      return `Expected a closing double quote${shown}.`;
    case "UnexpectedEndOfNumber":
      return `Expected more digits: the number breaks off${shown}.`;
    default:
      return `The text is no valid JSON here (${code})${shown}.`;
  }
}
