// Which examples of a file are used: a filter by class, then some left out, then as many as asked for.
import { fileError } from "../protocol/errors";
import type { Part } from "../protocol/experiment";

export interface Selection {
  /** Positions in the file, ascending. */
  readonly rows: Int32Array;
  /** Class of each, [rows]: renumbered where classes are filtered. */
  readonly labels: Int32Array;
}

/**
 * The examples of one split.
 *
 * @param labels  Every label of the file, checked to be in range.
 * @param only    Labels to keep, the i-th becoming class i; all by default.
 * @throws UserError when fewer are there than asked for, or a class has none.
 */
export function select(
  labels: ArrayLike<number>,
  only: readonly number[] | undefined,
  part: Part,
  file: string,
): Selection {
  const kept: number[] = [];
  const renumbered = new Map(only?.map((label, i) => [label, i]));
  for (let i = 0; i < labels.length; i++) if (!only || renumbered.has(labels[i])) kept.push(i);
  for (const label of only ?? []) {
    if (Array.prototype.includes.call(labels, label)) continue;
    const message = `No example has label ${label}, which \`only\` asks for.`;
    throw fileError(file, message, "Correct data.only.");
  }
  const rows = Int32Array.from(takeFrom(kept, part, file, only !== undefined));
  return { rows, labels: rows.map((i) => (only ? renumbered.get(labels[i])! : labels[i])) };
}

/** @throws UserError when fewer examples are there than asked for, or none. */
function takeFrom(rows: readonly number[], { skip = 0, take }: Part, file: string, filtered: boolean) {
  if (rows.length === 0) throw fileError(file, "Expected at least one example; the file holds none.");
  const holds = `the file holds ${rows.length}${filtered ? " of the classes in `only`" : ""}`;
  if (skip >= rows.length)
    throw fileError(file, `Expected more than the ${skip} examples that \`skip\` leaves out; ${holds}.`);
  const left = rows.length - skip;
  if (take !== undefined && take > left) {
    const behind = skip > 0 ? ` behind the ${skip} skipped` : "";
    throw fileError(
      file,
      `Expected at least the ${take} examples that \`take\` asks for${behind}; ${holds}.`,
      `Set it to at most ${left}.`,
    );
  }
  return rows.slice(skip, take === undefined ? undefined : skip + take);
}

/** Rows of a matrix [n, D], copied together. */
export function gather<T extends Uint8Array | Float32Array | Float64Array>(
  values: T,
  D: number,
  rows: ArrayLike<number>,
): T {
  const result = new (values.constructor as new (length: number) => T)(rows.length * D);
  for (let i = 0; i < rows.length; i++) result.set(values.subarray(rows[i] * D, (rows[i] + 1) * D), i * D);
  return result;
}
