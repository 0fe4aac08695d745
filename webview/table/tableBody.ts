// The table of runs: grid and what stands above it, joined to the page's state and to the host.
import type { FromTable, TableAction } from "../../src/record/tableMessages";
import type { TableLayout } from "../../src/record/tableLayout";
import { h, setText } from "../dom";
import { viewOf, type TableState, type TableView } from "../store/tableState";
import type { RowContext } from "./rowView";
import { Grid } from "./grid";
import { Toolbar } from "./toolbar";

export class TableBody {
  private readonly closed = new Set<string>();
  private readonly grid: Grid;
  private readonly toolbar: Toolbar;
  private readonly empty = h("p", { class: "nothing", hidden: true });
  readonly element: HTMLElement;
  private view: TableView | undefined;

  constructor(
    private readonly state: TableState,
    private readonly send: (message: FromTable) => void,
    private readonly redraw: () => void,
  ) {
    this.grid = new Grid({
      open: (run) => send({ kind: "open", run }),
      tick: (runs, on) => this.tick(runs, on),
      toggleGroup: (id) => {
        if (!this.closed.delete(id)) this.closed.add(id);
        redraw();
      },
      sort: (column) => this.sort(column),
      move: (column, by) => this.move(column, by),
      key: (event) => this.key(event),
      changed: () => this.drawToolbar(),
    });
    this.toolbar = new Toolbar({
      filter: (filter) => this.change({ filter }),
      group: (group) => this.change({ group }),
      columns: () => this.chooseColumns(),
      base: () => this.toggleBase(),
      act: (action) => this.act(action),
      leave: () => this.grid.element.focus(),
    });
    this.element = h("div", { class: "table" }, this.toolbar.element, this.grid.element, this.empty);
  }

  draw(color: RowContext["color"]): void {
    const { state } = this;
    this.view = viewOf(state, this.closed);
    const { of, shown } = this.view;
    this.empty.hidden = !state.loaded || shown > 0;
    setText(this.empty, of === 0 ? "No run yet." : "No run passes the filter.");
    this.grid.draw(this.view, { ticked: state.ticked, color, sort: state.layout.sort });
    this.drawToolbar();
  }

  private drawToolbar(): void {
    if (this.view) this.toolbar.draw(this.state, this.view, this.aimed.length);
  }

  /** What an action is done with: the runs that are ticked, else the one at which the user is. */
  private get aimed(): readonly string[] {
    const { ticked, data } = this.state;
    if (ticked.size > 0) return data.rows.flatMap(({ key }) => (ticked.has(key) ? [key] : []));
    const { current } = this.grid;
    return current === undefined ? [] : [current];
  }

  private change(change: Partial<TableLayout>): void {
    const { state } = this;
    state.layout = { ...state.layout, ...change };
    this.send({ kind: "layout", layout: state.layout });
    this.redraw();
  }

  /** At once on the page; the host tells it again with its colour. */
  private tick(runs: readonly string[], on: boolean): void {
    const { state } = this;
    const ticked = new Map(state.ticked);
    for (const run of runs)
      if (!on) ticked.delete(run);
      else if (!ticked.has(run)) ticked.set(run, null);
    state.ticked = ticked;
    this.send({ kind: "tick", runs, on });
    this.redraw();
  }

  /** Ascending, descending, as they came. */
  private sort(column: string): void {
    const { sort } = this.state.layout;
    if (sort?.column !== column) this.change({ sort: { column, descending: false } });
    else this.change({ sort: sort.descending ? null : { column, descending: true } });
  }

  private move(column: string, by: number): void {
    const ids = this.view?.columns.map(({ id }) => id) ?? [];
    const from = ids.indexOf(column);
    const to = Math.max(1, Math.min(from + by, ids.length - 1));
    if (from < 1) return;
    ids.splice(from, 1);
    ids.splice(to, 0, column);
    this.change({ columns: ids });
  }

  private chooseColumns(): void {
    const shown = new Set(this.view?.columns.map(({ id }) => id));
    const columns = (this.view?.all ?? []).map(({ id, title, group }) => ({
      id,
      title,
      group,
      shown: shown.has(id),
    }));
    this.send({ kind: "chooseColumns", columns });
  }

  private toggleBase(): void {
    const { current } = this.grid;
    const base = this.view?.base ? null : (current ?? null);
    this.change({ base });
  }

  private act(action: TableAction): void {
    const { aimed } = this;
    if (aimed.length === 0) return;
    const runs = action === "rename" ? aimed.slice(0, 1) : aimed;
    const { rows } = this.state.data;
    const pinned = rows.filter(({ key, note }) => runs.includes(key) && note.pinned).length === runs.length;
    this.send({ kind: "act", action: action === "pin" && pinned ? "unpin" : action, runs });
  }

  private key({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (key === "/" || (key === "f" && (ctrlKey || metaKey))) {
      this.toolbar.focusFilter();
      return true;
    }
    if (ctrlKey || metaKey || altKey) return false;
    const action = keys[key];
    if (key === "b") this.toggleBase();
    else if (action && (this.state.mayWrite || action === "compare")) {
      if (action === "rename")
        this.send({ kind: "act", action, runs: this.grid.current ? [this.grid.current] : [] });
      else this.act(action);
    } else return false;
    return true;
  }
}

const keys: Partial<Record<string, TableAction>> = {
  c: "compare",
  F2: "rename",
  n: "note",
  t: "tags",
  p: "pin",
  Delete: "delete",
};
