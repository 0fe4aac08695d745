// Changes one value in a JSON-with-comments text: comments, order and layout of everything else stay. jsonc-parser's own edits reformat neighbours and drop their comments.
import { createScanner, findNodeAtLocation, parseTree, type Node } from "jsonc-parser";
import { isObject, type Json, type KeyPath } from "./jsonPath";

/** Tokens of jsonc-parser's scanner. Its own enum is ambient and const, which a single-file compiler cannot read. */
const token = { comma: 5, lineComment: 12, blockComment: 13, lineBreak: 14, trivia: 15, end: 17 } as const;

export const parseText = (text: string): Node | undefined =>
  parseTree(text.replace(/^\uFEFF/, " "), [], { allowTrailingComma: true });

/** A value on one line, as people write it: `{ "every": 10 }`. */
export function oneLine(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** A value's source, on one line where no comment stands in it; numbers and words as the file writes them. */
export function sourceOnOneLine(text: string, node: Node): string {
  const source = text.slice(node.offset, endOf(node));
  return !/[\r\n]/.test(source) || hasComment(source) ? source : compact(text, node);
}

function compact(text: string, { type, offset, length, children = [] }: Node): string {
  if (type === "array") return `[${children.map((item) => compact(text, item)).join(", ")}]`;
  if (type === "property") return children.map((side) => compact(text, side)).join(": ");
  if (type !== "object") return text.slice(offset, offset + length);
  const entries = children.map((property) => compact(text, property));
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function hasComment(source: string): boolean {
  const scanner = createScanner(source, false);
  for (let kind: number = scanner.scan(); kind !== token.end; kind = scanner.scan())
    if (kind === token.lineComment || kind === token.blockComment) return true;
  return false;
}

/** The text with `source`, itself JSON, as the value at a path; objects that are missing on the way are made. */
export function withValue(text: string, path: KeyPath, source: string): string {
  const root = parseText(text);
  if (!root) return text + nested(path, source);
  for (let depth = path.length; depth >= 0; depth--) {
    const node = findNodeAtLocation(root, [...path.slice(0, depth)]);
    if (!node) continue;
    const rest = path.slice(depth);
    if (rest.length === 0 || node.type !== "object") return replaced(text, node, nested(rest, source));
    return withProperty(text, node, `${JSON.stringify(rest[0])}: ${nested(rest.slice(1), source)}`);
  }
  return text;
}

const nested = (path: KeyPath, source: string): string =>
  path.reduceRight((inner, key) => `{ ${JSON.stringify(key)}: ${inner} }`, source);

const replaced = (text: string, { offset, length }: Node, source: string): string =>
  text.slice(0, offset) + source + text.slice(offset + length);

const endOf = ({ offset, length }: Node): number => offset + length;

/** Puts a property at the end of an object, on a line of its own where the last one has that. */
export function withProperty(text: string, object: Node, property: string): string {
  const last = object.children?.at(-1);
  if (!last) return withFirst(text, object, property);
  const own = /(\r?\n)([ \t]*)$/.exec(text.slice(0, last.offset));
  const { comma, lineEnd } = after(text, endOf(last));
  const joined = comma ?? endOf(last);
  // Behind what is said of the last one on its line; a comma that is there already stays the last one.
  const at = own ? (lineEnd ?? joined) : joined;
  const inserted = own ? `${own[1]}${own[2]}${property}` : ` ${property}`;
  const [first, second] =
    comma === undefined
      ? [`${text.slice(0, endOf(last))},${text.slice(endOf(last), at)}`, ""]
      : [text.slice(0, at), ","];
  return first + inserted + second + text.slice(at);
}

function withFirst(text: string, object: Node, property: string): string {
  const inside = text.slice(object.offset + 1, endOf(object) - 1);
  const blank = inside.trim() === "";
  const [line] = /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", object.offset) + 1)) ?? [""];
  const eol = /\r?\n/.exec(inside)?.[0];
  const put = eol ? `${eol}${line}  ${property}${blank ? `${eol}${line}` : ""}` : ` ${property} `;
  return text.slice(0, object.offset + 1) + put + (blank ? "" : inside) + text.slice(endOf(object) - 1);
}

/** The text without the property at a path, its comma, and, where it has lines of its own, these with what is said behind it. */
export function withoutProperty(text: string, path: KeyPath): string {
  const root = parseText(text);
  const property = root && path.length > 0 ? findNodeAtLocation(root, [...path])?.parent : undefined;
  const siblings = property?.parent?.children;
  if (property?.type !== "property" || !siblings) return text;
  const { comma, lineEnd } = after(text, endOf(property));
  const lines = /\r?\n[ \t]*$/.exec(text.slice(0, property.offset));
  const blanks = /[ \t]*$/.exec(text.slice(0, property.offset));
  const [from, to] =
    lines && lineEnd !== undefined
      ? [lines.index, lineEnd]
      : comma === undefined
        ? [blanks?.index ?? property.offset, endOf(property)]
        : [property.offset, afterBlanks(text, comma)];
  // The last one takes the comma before it along, unless commas at the end are this file's way.
  const previous = siblings[siblings.indexOf(property) - 1];
  const before = previous && comma === undefined ? after(text, endOf(previous)).comma : undefined;
  const kept =
    before === undefined ? text.slice(0, from) : text.slice(0, before - 1) + text.slice(before, from);
  return kept + text.slice(to);
}

const afterBlanks = (text: string, at: number): number =>
  at + (/^[ \t]*/.exec(text.slice(at))?.[0].length ?? 0);

/** What follows a value: the end of its comma, and the end of its line where nothing but a comment stands before that. */
function after(text: string, offset: number): { readonly comma?: number; readonly lineEnd?: number } {
  const scanner = createScanner(text, false);
  scanner.setPosition(offset);
  let comma: number | undefined;
  let lineEnd: number | undefined;
  for (;;) {
    const kind: number = scanner.scan();
    if (kind === token.comma && comma === undefined) comma = scanner.getTokenOffset() + 1;
    else if (kind === token.lineBreak) lineEnd ??= scanner.getTokenOffset();
    else if (kind !== token.trivia && kind !== token.lineComment && kind !== token.blockComment)
      return { comma, lineEnd };
    // A comma on a later line: the line of the value ends before it.
    if (comma !== undefined && lineEnd !== undefined)
      return comma <= lineEnd ? { comma, lineEnd } : { comma };
  }
}
