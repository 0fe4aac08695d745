// A column made from another, point by point. Pure.
import { Column } from "./column";

const mappings = new WeakMap<Column, Map<string, { readonly column: Column; readonly version: number }>>();

/**
 * A column made from another, point by point; asked again it only adds what came since. Two of one `key` are one mapping.
 * `f` may read other columns at its step: what they say of it must not change later.
 */
export function mapped(from: Column, key: string, f: (value: number, step: number) => number): Column {
  const known = mappings.get(from) ?? new Map<string, { column: Column; version: number }>();
  mappings.set(from, known);
  const made = known.get(key);
  const column = made?.version === from.version ? made.column : new Column();
  if (column !== made?.column) known.set(key, { column, version: from.version });
  const { steps, values } = from;
  for (let i = column.length; i < steps.length; i++) column.add(steps[i], f(values[i], steps[i]));
  return column;
}
