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
export const localKeys = ["launch", "trainer"] as const;

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
  const foreign = isObject(value.trainer)
    ? Object.keys(value.trainer).filter((key) => key !== "interpreter")
    : [];
  const known = Object.fromEntries(Object.entries(value).filter(([key]) => isLocal([key])));
  return {
    source,
    value: known,
    problems: [
      ...source.problems,
      ...unknown.map((key) => unknownKey(key, source)),
      ...foreign.map((key) => notOnePersons(key, source)),
    ],
  };
}

const notOnePersons = (key: string, source: JsonSource): Problem => ({
  severity: "error",
  from: "check",
  message: `\`trainer.${key}\` cannot stand in ${localFile}; of a trainer it may hold the \`interpreter\`.`,
  hint: "It belongs into the experiment file.",
  place: source.place(["trainer", key], "key"),
});

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
  const wrong = schemaFindings(withScript(value)).filter(({ path }) => isLocal(path));
  return [
    ...problems,
    ...wrong.map(({ path, at, ...rest }): Problem => ({ ...rest, place: source.place(path, at) })),
  ];
}

/** A person's trainer has an interpreter alone; the script is each experiment's. */
const withScript = (value: JsonObject): JsonObject =>
  isObject(value.trainer) ? { ...value, trainer: { python: "script.py", ...value.trainer } } : value;

/** An experiment's source with a person's own settings on top: objects key by key, and each key's place in the file that wrote it. */
export function withLocal(own: JsonSource, text: string, file: string): JsonSource {
  const { source, value: all, problems: found } = readLocal(text, file);
  const problems = [...own.problems, ...found];
  if (!isObject(own.value)) return { ...own, problems };
  // What trains an experiment is for itself to say.
  const { trainer, ...rest } = all;
  const scripted = isObject(own.value.trainer);
  const value: JsonObject = trainer !== undefined && scripted ? all : rest;
  const holds = (path: KeyPath): boolean =>
    isLocal(path) && (scripted || path[0] !== "trainer") && source.has(path);
  return {
    value: over(own.value, value),
    problems,
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
