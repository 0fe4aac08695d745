// `.basin/local.json`: what belongs to one person or cluster and not into git, laid over every experiment of the workspace.
import type { Problem } from "./errors";
import { isObject, setOwn, type Json, type JsonObject, type KeyPath } from "./jsonPath";
import { parseJsonSource, type JsonSource } from "./jsonSource";
import { schemaFindings } from "./schemaProblems";
import { settableKeys } from "./sweep";
import { didYouMean, suggest } from "./suggest";

/** Where it lies in a workspace. */
export const localFile = ".basin/local.json";

/** Keys of an experiment that it may give; they win over what the experiment's own file says. */
export const localKeys = ["launch"] as const;

const isLocal = ([key]: KeyPath): boolean => (localKeys as readonly string[]).includes(key);

interface Local {
  readonly source: JsonSource;
  /** Its settings; nothing where the text is none. */
  readonly value: JsonObject;
  /** Broken syntax and keys that it cannot have. */
  readonly problems: readonly Problem[];
}

function readLocal(text: string, file: string): Local {
  const source = parseJsonSource(text, file);
  const { value } = source;
  if (!isObject(value)) {
    const message = `${localFile} holds no settings { … }.`;
    const none: Problem = { severity: "error", from: "check", message, place: source.place([]) };
    return { source, value: {}, problems: source.problems.length > 0 ? source.problems : [none] };
  }
  const unknown = Object.keys(value).filter((key) => key !== "$schema" && !isLocal([key]));
  const known = Object.fromEntries(Object.entries(value).filter(([key]) => isLocal([key])));
  return {
    source,
    value: known,
    problems: [...source.problems, ...unknown.map((key) => unknownKey(key, source))],
  };
}

function unknownKey(key: string, source: JsonSource): Problem {
  const meant = suggest(key, localKeys);
  const belongs = meant === undefined && settableKeys({}).includes(key);
  return {
    severity: "error",
    from: "check",
    message: `Unknown key \`${key}\` in ${localFile}.`,
    hint: belongs ? `\`${key}\` belongs into the experiment file.` : didYouMean(key, localKeys),
    place: source.place([key], "key"),
    ...(meant === undefined ? {} : { fix: JSON.stringify(meant) }),
  };
}

/** Every problem of the file by itself, for the editor. Pure; never throws, whatever the text. */
export function checkLocal(text: string, file: string): Problem[] {
  const { source, value, problems } = readLocal(text, file);
  const wrong = schemaFindings(value).filter(({ path }) => isLocal(path));
  return [
    ...problems,
    ...wrong.map(({ path, at, ...rest }): Problem => ({ ...rest, place: source.place(path, at) })),
  ];
}

/** An experiment's source with a person's own settings on top: objects key by key, and each key's place in the file that wrote it. */
export function withLocal(own: JsonSource, text: string, file: string): JsonSource {
  const { source, value, problems } = readLocal(text, file);
  const all = [...own.problems, ...problems];
  if (!isObject(own.value)) return { ...own, problems: all };
  const holds = (path: KeyPath): boolean => isLocal(path) && source.has(path);
  return {
    value: over(own.value, value),
    problems: all,
    has: (path) => holds(path) || own.has(path),
    place: (path, what) => (holds(path) ? source : own).place(path, what),
  };
}

function over(below: Json | undefined, above: Json): Json {
  if (!isObject(below) || !isObject(above)) return above;
  const result: JsonObject = { ...below };
  for (const [key, value] of Object.entries(above))
    setOwn(result, key, over(Object.hasOwn(below, key) ? below[key] : undefined, value));
  return result;
}
