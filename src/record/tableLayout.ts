// How the table of runs is laid out: which columns in which order, sorted by what, which runs. Remembered with the workspace, and decoded from there. Pure.
import { isRaw } from "./decode";

export const groupings = ["none", "experiment", "sweep"] as const;
export type Grouping = (typeof groupings)[number];

export interface TableLayout {
  /** Ids, in their order; null for those that the table shows by itself. */
  readonly columns: readonly string[] | null;
  readonly sort: { readonly column: string; readonly descending: boolean } | null;
  readonly group: Grouping;
  readonly filter: string;
  /** The run that the others are compared with; null for none. */
  readonly base: string | null;
}

export const firstLayout: TableLayout = { columns: null, sort: null, group: "none", filter: "", base: null };

export const longestColumns = 5000;
const mostShown = 200;
const longestText = 4096;

const text = (value: unknown): string | null =>
  typeof value === "string" && value.length <= longestText ? value : null;

/** A layout as it was kept or sent; what of it is none is as at first. */
export function decodeLayout(raw: unknown): TableLayout {
  if (!isRaw(raw)) return firstLayout;
  const { columns, sort, group, filter, base } = raw;
  const sorted = isRaw(sort) ? text(sort.column) : null;
  const ids = Array.isArray(columns)
    ? columns.slice(0, mostShown).filter((id): id is string => text(id) !== null)
    : [];
  return {
    columns: ids.length > 0 ? [...new Set(ids)] : null,
    sort: sorted !== null && isRaw(sort) ? { column: sorted, descending: sort.descending === true } : null,
    group: groupings.find((one) => one === group) ?? "none",
    filter: text(filter) ?? "",
    base: text(base),
  };
}
