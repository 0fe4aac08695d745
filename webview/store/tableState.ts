// What the page with the table of runs knows, folded from the host's messages, and what follows from it for the rows shown. Pure.
import type { RunRow } from "../../src/record/runRow";
import { firstLayout, type TableLayout } from "../../src/record/tableLayout";
import type { ToTable } from "../../src/record/tableMessages";
import { arrange, type Item } from "../table/arrange";
import { chosen, columnsOf, usualColumns, type TableColumn, type TableData } from "../table/columns";
import { filterOf } from "../table/filter";

export interface TableState {
  /** Whether the host has told the rows. */
  loaded: boolean;
  data: TableData;
  ticked: ReadonlyMap<string, number | null>;
  layout: TableLayout;
  mayWrite: boolean;
}

export const emptyTable = (): TableState => ({
  loaded: false,
  data: { rows: [], shared: {} },
  ticked: new Map(),
  layout: firstLayout,
  mayWrite: false,
});

/** Applies one message in place. */
export function applyToTable(state: TableState, message: ToTable): void {
  switch (message.kind) {
    case "rows": {
      const known = new Map(state.data.rows.map((row) => [row.key, row]));
      for (const row of message.rows) known.set(row.key, row);
      const keys = message.order ?? state.data.rows.map(({ key }) => key);
      const rows = keys.flatMap((key): RunRow[] => {
        const row = known.get(key);
        return row ? [row] : [];
      });
      state.data = { rows, shared: message.shared ?? state.data.shared };
      state.loaded = true;
      return;
    }
    case "ticked":
      state.ticked = new Map(message.ticked);
      return;
    case "layout":
      state.layout = message.layout;
      state.mayWrite = message.mayWrite;
      return;
  }
}

/** The table as it is shown. */
export interface TableView {
  readonly all: readonly TableColumn[];
  readonly columns: readonly TableColumn[];
  readonly items: readonly Item[];
  /** Runs that pass the filter, and of how many. */
  readonly shown: number;
  readonly of: number;
  /** What is wrong with the filter; the rows are then all of them. */
  readonly problem: string | null;
  readonly base: RunRow | undefined;
}

export function viewOf({ data, layout }: TableState, closed: ReadonlySet<string>): TableView {
  const all = columnsOf(data);
  const columns = chosen(all, layout.columns ?? usualColumns(data));
  const filter = filterOf(layout.filter, data);
  const rows = "test" in filter ? data.rows.filter(filter.test) : data.rows;
  return {
    all,
    columns,
    items: arrange(rows, { sort: layout.sort, columns: all, group: layout.group, closed }),
    shown: rows.length,
    of: data.rows.length,
    problem: "problem" in filter ? filter.problem : null,
    base: data.rows.find(({ key }) => key === layout.base),
  };
}
