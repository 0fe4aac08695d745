// Settings from outside the experiment's own keys: `--set` overrides and the points of a sweep.
import type { Problem } from "./errors";
import { experimentSchema, propertiesOf, schemaAt } from "./experimentSchema";
import { getAt, isObject, withAt, type Json, type JsonObject, type KeyPath } from "./jsonPath";
import { unknownKey } from "./schemaProblems";

/** More points than this are a typing error, not a plan: every one is a training run. */
export const maxPoints = 1000;

export interface Override {
  readonly key: string;
  readonly path: KeyPath;
  readonly value: Json;
}

/** One key path of a sweep with its values. */
export interface Axis {
  readonly key: string;
  readonly path: KeyPath;
  readonly values: readonly Json[];
}

/** Puts a value at a path; objects on the way that were left to their default start from that default. */
export function applyOverride(root: Json, { path, value }: Pick<Override, "path" | "value">): Json {
  return withAt(root, path, value, (parent): JsonObject => {
    const standard = schemaAt(root, parent)?.default;
    return isObject(standard) ? standard : {};
  });
}

const place = (key: string) => ({ file: "--set", key });

/** Reads `key.path=value`: the value is JSON, or else a bare string. */
export function parseOverride(text: string): Override | Problem {
  const equals = text.indexOf("=");
  const key = (equals < 0 ? text : text.slice(0, equals)).trim();
  if (equals < 0 || key === "") {
    const message = `Expected --set key.path=value; found "${text}".`;
    return {
      severity: "error",
      from: "check",
      message,
      hint: "For example --set optimizer.learningRate=0.1",
      place: place(key),
    };
  }
  return { key, path: key.split("."), value: jsonOrString(text.slice(equals + 1).trim()) };
}

function jsonOrString(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** Why a key path cannot be set, or undefined when it can. `root` decides by its kinds which keys exist. */
export function unsettable(root: Json, path: KeyPath): { message: string; hint?: string } | undefined {
  if (path[0] === "$schema" || path[0] === "extends" || path[0] === "sweep") {
    return {
      message: `\`${path[0]}\` cannot be set from outside the file.`,
      hint: "Set the keys of the experiment itself.",
    };
  }
  for (let depth = 0; depth < path.length; depth++) {
    if (schemaAt(root, path.slice(0, depth + 1)) === undefined)
      return unknownKey(root, path.slice(0, depth), path[depth]);
    const here = getAt(root, path.slice(0, depth + 1));
    if (Array.isArray(here) && depth + 1 < path.length && !(Number(path[depth + 1]) < here.length)) {
      const key = path.slice(0, depth + 1).join(".");
      return {
        message: `\`${key}\` has ${here.length} items, so \`${path.join(".")}\` does not exist; expected an index below ${here.length}.`,
      };
    }
  }
  return undefined;
}

/** The sweep's axes in file order, as far as it is well formed (the schema reports the rest). */
export function axesOf(root: Json): Axis[] {
  const sweep = getAt(root, ["sweep"]);
  if (!isObject(sweep)) return [];
  return Object.entries(sweep).flatMap(([key, values]) =>
    Array.isArray(values) && values.length > 0 ? [{ key, path: key.split("."), values }] : [],
  );
}

/** Number of combinations, without making them. */
export const countPoints = (axes: readonly Axis[]): number =>
  axes.reduce((n, { values }) => n * values.length, 1);

/** Which value of each axis every point takes: the Cartesian product, the last axis varying fastest. */
export function pointsOf(axes: readonly Axis[]): number[][] {
  return axes.reduce<number[][]>(
    (points, { values }) => points.flatMap((point) => values.map((_, i) => [...point, i])),
    [[]],
  );
}

/** Keys of the top level that a sweep or `--set` may name, for a user's pick list. */
export const settableKeys = (root: Json): string[] =>
  Object.keys(propertiesOf(experimentSchema, root)).filter(
    (key) => key !== "$schema" && key !== "extends" && key !== "sweep",
  );
