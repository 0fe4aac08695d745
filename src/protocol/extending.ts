// `"extends"`: an experiment that takes everything from another file and says what differs. Later keys win.
import { dirname, isAbsolute, join, relative } from "node:path";
import type { Problem } from "./errors";
import { experimentSchema } from "./experimentSchema";
import { getAt, isObject, setOwn, without, withAt, type Json, type JsonObject } from "./jsonPath";
import { parseJsonSource, type JsonSource } from "./jsonSource";
import { filesOfParts } from "./kinds";

/** The text of a file; undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/** More files than this on one another are a mistake, and would take long to read. */
const deepest = 16;

/**
 * A source whose value holds what the files it extends say and it does not. A place of a key is in the file that wrote it. Objects are
 * merged key by key; lists and scalars replace, and so does a part of another `kind` or `source`, whose other keys would mean nothing.
 * Paths in a base are relative to the base, as written there.
 */
export function extended(own: JsonSource, file: string, readText: ReadText | undefined): JsonSource {
  return layered(own, file, readText, [file]);
}

function layered(
  own: JsonSource,
  file: string,
  readText: ReadText | undefined,
  chain: readonly string[],
): JsonSource {
  const { value } = own;
  if (!isObject(value) || value.extends === undefined) return own;
  const failed = (message: string, hint?: string): JsonSource => {
    const problem: Problem = {
      severity: "error",
      from: "check",
      message,
      hint,
      place: own.place(["extends"]),
    };
    return { ...own, value: undefined, problems: [...own.problems, problem] };
  };
  if (typeof value.extends !== "string" || value.extends === "")
    return failed(
      `\`extends\` must be the path of an experiment file; found ${JSON.stringify(value.extends)}.`,
    );
  const path = isAbsolute(value.extends) ? value.extends : join(dirname(file), value.extends);
  if (chain.includes(path))
    return failed(`\`extends\` leads in a circle: ${[...chain, path].join(" → ")}.`, "Remove one of them.");
  if (chain.length >= deepest) return failed(`More than ${deepest} files extend one another.`);
  const text = readText?.(path);
  if (text === undefined)
    return failed(
      `The file "${value.extends}" does not exist; expected it at ${path}.`,
      "A path in `extends` is relative to the file it stands in.",
    );
  const base = layered(parseJsonSource(text, path), path, readText, [...chain, path]);
  if (!isObject(base.value)) {
    if (base.problems.length > 0) return { ...beside(own, base), value: undefined };
    return failed(`${path} holds no experiment { … }.`);
  }
  const moved = fromFolder(without(base.value, "extends"), value, relative(dirname(file), dirname(path)));
  return { ...beside(own, base), value: merged(moved, value) };
}

/** Problems of both files, and places in the one that wrote a key. */
const beside = (own: JsonSource, base: JsonSource): Omit<JsonSource, "value"> => ({
  problems: [...own.problems, ...base.problems],
  has: (path) => own.has(path) || base.has(path),
  place: (path, what) => (own.has(path) || !base.has(path) ? own.place(path, what) : base.place(path, what)),
});

const kindKeys = ["kind", "source", "onnx"] as const;

/** Kinds of parts that name none, as the schema has them. */
const usualKinds = ["model", "optimizer", "schedule"].map((name) => {
  const kind = experimentSchema.definitions[name].properties?.kind;
  return typeof kind === "object" ? kind.default : undefined;
});

/** Whether a part says that it is of another kind than the one below it; one that names no kind is of the usual one. */
const otherKind = (below: JsonObject, above: JsonObject): boolean =>
  kindKeys.some((key) => {
    const usual = key === "kind" && below.kind === undefined && below.onnx === undefined;
    return (
      above[key] !== undefined && above[key] !== below[key] && !(usual && usualKinds.includes(above.kind))
    );
  });

function merged(below: Json | undefined, above: Json): Json {
  if (!isObject(below) || !isObject(above) || otherKind(below, above)) return above;
  const result: JsonObject = { ...below };
  for (const [key, value] of Object.entries(above))
    setOwn(result, key, merged(Object.hasOwn(below, key) ? below[key] : undefined, value));
  return result;
}

/** A base's paths as they read from the folder of the file that extends it. */
function fromFolder(base: JsonObject, above: JsonObject, folder: string): JsonObject {
  if (folder === "") return base;
  return filesOfParts(merged(base, above)).reduce<Json>((value, path) => {
    const written = getAt(value, path);
    if (typeof written !== "string" || isAbsolute(written)) return value;
    return withAt(value, path, join(folder, written), () => ({}));
  }, base) as JsonObject;
}
