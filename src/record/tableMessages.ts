// Messages between the extension host and the page with the table of runs. The page says `ready`; the host tells every row, then those that changed.
import { tagNumbers, untagNumbers } from "../protocol/numbers";
import { isRaw } from "./decode";
import type { RunRow } from "./runRow";
import { decodeLayout, longestColumns, type TableLayout } from "./tableLayout";

export type ToTable =
  | {
      readonly kind: "rows";
      /** New ones and those that changed. */
      readonly rows: readonly RunRow[];
      /** The keys of all of them, newest first; null where none came or went. */
      readonly order: readonly string[] | null;
      /** Settings that all runs share, as JSON by key path; null where they are as they were. */
      readonly shared: Readonly<Record<string, string>> | null;
    }
  /** The runs that are ticked, each with its place among the colours, null beyond the last of them. */
  | { readonly kind: "ticked"; readonly ticked: readonly (readonly [run: string, slot: number | null])[] }
  /** `mayWrite`: whether runs may be named, noted and deleted here. */
  | { readonly kind: "layout"; readonly layout: TableLayout; readonly mayWrite: boolean };

/** What is done with runs, by the commands that do it. */
const actions = ["compare", "rename", "note", "tags", "pin", "unpin", "delete"] as const;
export type TableAction = (typeof actions)[number];

/** A column that may be shown. */
export interface ColumnChoice {
  readonly id: string;
  readonly title: string;
  /** What kind of column it is. */
  readonly group: string;
  readonly shown: boolean;
}

/** Intents: the page says what was picked, the host decides. Runs are keys. */
export type FromTable =
  | { readonly kind: "ready" }
  | { readonly kind: "open"; readonly run: string }
  | { readonly kind: "tick"; readonly runs: readonly string[]; readonly on: boolean }
  | { readonly kind: "act"; readonly action: TableAction; readonly runs: readonly string[] }
  /** In the editor's own list. */
  | { readonly kind: "chooseColumns"; readonly columns: readonly ColumnChoice[] }
  | { readonly kind: "layout"; readonly layout: TableLayout };

const mostRuns = 100_000;
const longestText = 4096;

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= longestText;
const areRuns = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= mostRuns && value.every(isText);

function choiceOf(raw: unknown): ColumnChoice[] {
  if (!isRaw(raw)) return [];
  const { id, title, group, shown } = raw;
  return isText(id) && isText(title) && isText(group) ? [{ id, title, group, shown: shown === true }] : [];
}

/** A message of the page, checked; null for what is none. */
export function decodeFromTable(raw: unknown): FromTable | null {
  if (!isRaw(raw)) return null;
  const { kind, run, runs, on, columns } = raw;
  switch (kind) {
    case "ready":
      return { kind };
    case "open":
      return isText(run) ? { kind, run } : null;
    case "tick":
      return areRuns(runs) && typeof on === "boolean" ? { kind, runs, on } : null;
    case "act": {
      const action = actions.find((one) => one === raw.action);
      return action && areRuns(runs) ? { kind, action, runs } : null;
    }
    case "chooseColumns":
      return Array.isArray(columns) && columns.length <= longestColumns
        ? { kind, columns: columns.flatMap(choiceOf) }
        : null;
    case "layout":
      return { kind, layout: decodeLayout(raw.layout) };
    default:
      return null;
  }
}

/** A message as a channel of JSON carries it. */
export const encodeToTable = (message: ToTable): unknown => tagNumbers(message);

/** The message that `encodeToTable` was given. */
export const decodeToTable = (encoded: unknown): ToTable => untagNumbers(encoded) as ToTable;
