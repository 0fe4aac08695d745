// What can be seen of a Python script without running it: its statements, calls and imports, by a scan that bears any text. Pure.
//
// No grammar of the language: strings and comments are blanked, brackets are matched, and what cannot be told is left out.
import { lastAsked } from "../../util/lastAsked";

/** Offsets from the start of the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One logical line: brackets and backslashes join lines. */
export interface Statement extends Span {
  /** Where its first line begins. */
  readonly line: number;
  /** Column of its first character. */
  readonly indent: number;
  /** Its code, strings and comments blanked. */
  readonly code: string;
  /** Names that it gives a value: those before `=`. */
  readonly targets: readonly string[];
}

export interface Argument extends Span {
  /** Of a keyword argument; undefined for one by position. */
  readonly name: string | undefined;
  /** As it is written, without spaces around it. */
  readonly text: string;
}

export interface Call extends Span {
  /** Dotted, as `optim.SGD`. */
  readonly callee: string;
  readonly args: readonly Argument[];
  /** Whether it is the head of a `def` or `class`, and its arguments are parameters. */
  readonly isDefinition: boolean;
}

export interface PythonText {
  readonly text: string;
  /** The same length; strings and comments are blank. */
  readonly code: string;
  readonly statements: readonly Statement[];
  readonly calls: readonly Call[];
}

const openers = "([{";
const closers = ")]}";

const token =
  /#[^\n]*|(?<!\w)[rbufRBUF]{0,2}(?:("""|''')(?:\\[^]|(?!\1)[^])*(?:\1|$)|(["'])(?:\\[^]|(?!\2)[^\\\n])*\2?)/g;

/** The text with its comments blanked, and its strings too; line breaks stay. */
function blanked(text: string, strings: "strings too" | "comments alone"): string {
  return text.replace(token, (found) =>
    found.startsWith("#") || strings === "strings too" ? found.replace(/[^\n]/g, " ") : found,
  );
}

function statementsOf(code: string): Statement[] {
  const found: Statement[] = [];
  let [line, depth] = [0, 0];
  for (let at = 0; at <= code.length; at++) {
    const one = code[at];
    if (one !== undefined && openers.includes(one)) depth++;
    else if (one !== undefined && closers.includes(one)) depth = Math.max(0, depth - 1);
    const ends = at === code.length || (one === "\n" && depth === 0 && !/\\\r?$/.test(code.slice(line, at)));
    if (!ends) continue;
    const piece = code.slice(line, at);
    const indent = piece.length - piece.trimStart().length;
    if (piece.trim() !== "")
      found.push({
        line,
        start: line + indent,
        end: line + piece.trimEnd().length,
        indent,
        code: piece.trim(),
        targets: targetsOf(piece.trim()),
      });
    line = at + 1;
  }
  return found;
}

/** For each opening bracket that is closed the offset behind the one that does. */
export function brackets(code: string): ReadonlyMap<number, number> {
  const [open, found] = [[] as number[], new Map<number, number>()];
  for (let at = 0; at < code.length; at++) {
    if (openers.includes(code[at])) open.push(at);
    else if (closers.includes(code[at])) {
      const own = open.pop();
      if (own !== undefined) found.set(own, at + 1);
    }
  }
  return found;
}

/** Parts between commas that are in no bracket. */
export function separated(code: string, { start, end }: Span): Span[] {
  const found: Span[] = [];
  let [from, depth] = [start, 0];
  for (let at = start; at <= end; at++) {
    if (at < end && openers.includes(code[at])) depth++;
    else if (at < end && closers.includes(code[at])) depth--;
    else if (at === end || (code[at] === "," && depth === 0)) {
      found.push({ start: from, end: at });
      from = at + 1;
    }
  }
  return found;
}

function argumentsOf(text: string, code: string, inside: Span): Argument[] {
  return separated(code, inside).flatMap(({ start, end }): Argument[] => {
    const written = code.slice(start, end);
    // A string alone is blank in the code.
    if (text.slice(start, end).trim() === "") return [];
    const keyword = /^\s*([A-Za-z_]\w*)\s*(?::[^=]*)?=(?!=)/.exec(written);
    const from = start + (keyword?.[0].length ?? 0);
    const value = text.slice(from, end);
    const lead = value.length - value.trimStart().length;
    const trimmed = value.trim();
    return [{ name: keyword?.[1], start: from + lead, end: from + lead + trimmed.length, text: trimmed }];
  });
}

const callee = /(?<![\w.])((?:[A-Za-z_]\w*\s*\.\s*)*[A-Za-z_]\w*)\s*\(/g;
/** Of longer ones the arguments are not looked at: what a training is set to fits into less. */
const longestCall = 20_000;
const keywords = new Set([
  "if",
  "elif",
  "while",
  "for",
  "in",
  "and",
  "or",
  "not",
  "return",
  "lambda",
  "with",
  "assert",
  "yield",
  "print",
]);

function callsOf(text: string, code: string): Call[] {
  const closedAt = brackets(code);
  return [...code.matchAll(callee)].flatMap((match): Call[] => {
    const name = match[1].replace(/\s/g, "");
    if (keywords.has(name)) return [];
    const open = match.index + match[0].length - 1;
    const end = closedAt.get(open);
    if (end === undefined || end - open > longestCall) return [];
    const args = argumentsOf(text, code, { start: open + 1, end: end - 1 });
    const isDefinition = /\b(def|class)\s+$/.test(code.slice(Math.max(0, match.index - 20), match.index));
    return [{ callee: name, start: match.index, end, args, isDefinition }];
  });
}

/** Longer texts are no training scripts, and are passed over. */
const longest = 200_000;

export const readPython: (text: string) => PythonText = lastAsked((text) => {
  const read = text.length > longest ? "" : text;
  const code = blanked(read, "strings too");
  return {
    text,
    code,
    statements: statementsOf(code),
    calls: callsOf(blanked(read, "comments alone"), code),
  };
});

/** The last part of a dotted name. */
export const lastPart = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** What stands before `=` is found in this many characters, or not at all. */
const longestTargets = 300;

function targetsOf(all: string): string[] {
  const code = all.slice(0, longestTargets);
  const match = /^([\w\s.,()[\]*]+?)\s*(?::[^=]+)?(?:=(?!=)|\+=|-=|\*=|\/=)/.exec(code);
  return match && !/^(if|elif|while|for|with|assert|return|def|class)\b/.test(code) ? namesIn(match[1]) : [];
}

/** Dotted names in a text of code, in their order. */
export const namesIn = (code: string): string[] =>
  [...code.matchAll(/(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/g)].map(([name]) => name);

/** What the name `basin` gives: under which names a script knows the functions of the package. */
export function basinCallees({ statements }: PythonText): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  const functions = ["watch", "lightning", "transformers"];
  for (const { code } of statements) {
    for (const part of /^import\s+(.+)$/.exec(code)?.[1].split(",") ?? []) {
      const named = /^\s*basin(?:\s+as\s+(\w+))?\s*$/.exec(part);
      if (named) for (const one of functions) known.set(`${named[1] ?? "basin"}.${one}`, one);
    }
    for (const part of /^from\s+basin\s+import\s+\(?([^)]*)\)?$/.exec(code)?.[1].split(",") ?? []) {
      const named = /^\s*(\w+)(?:\s+as\s+(\w+))?\s*$/.exec(part);
      if (named && functions.includes(named[1])) known.set(named[2] ?? named[1], named[1]);
    }
  }
  return known;
}

/** The calls that watch a training, in the order of the text. */
export function watchCalls(python: PythonText): Call[] {
  const known = basinCallees(python);
  return known.size === 0 ? [] : python.calls.filter(({ callee: name }) => known.has(name));
}

/** A number as it is written; NaN for what is none. */
export const numberIn = (text: string): number =>
  /^[+-]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)([eE][+-]?\d+)?$/.test(text)
    ? Number(text.replaceAll("_", ""))
    : NaN;
