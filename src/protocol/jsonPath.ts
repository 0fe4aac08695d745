// JSON values and paths into them. A path is a list of keys, because a key may itself hold dots ("optimizer.learningRate" in a sweep).

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}
export type KeyPath = readonly string[];

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Sets an own property even for "__proto__", which plain assignment would turn into a change of prototype. */
export function setOwn(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** The value at a path, or undefined. */
export function getAt(root: Json, path: KeyPath): Json | undefined {
  let value: Json | undefined = root;
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)];
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}

/**
 * A copy of `root` with the value at a path replaced; untouched parts are shared. Missing objects on the way are
 * made by `missing(path)`. A path through a scalar replaces that scalar by an object.
 */
export function withAt(root: Json, path: KeyPath, value: Json, missing: (path: KeyPath) => JsonObject): Json {
  const put = (node: Json | undefined, depth: number): Json => {
    if (depth === path.length) return value;
    const key = path[depth];
    if (Array.isArray(node)) {
      const copy = [...node];
      copy[Math.min(Number(key), copy.length)] = put(node[Number(key)], depth + 1);
      return copy;
    }
    const copy: JsonObject = { ...(isObject(node) ? node : missing(path.slice(0, depth))) };
    setOwn(copy, key, put(Object.hasOwn(copy, key) ? copy[key] : undefined, depth + 1));
    return copy;
  };
  return put(root, 0);
}

/** A copy without some keys. */
export const without = (object: JsonObject, ...keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

/** A value as a message shows it: short, on one line. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value) && value.length === 0) return "an empty list";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  if (text.length <= 60) return text;
  if (isObject(value)) return "an object";
  if (Array.isArray(value)) return `a list of ${value.length} items`;
  return `${text.slice(0, 57)}…`;
}
