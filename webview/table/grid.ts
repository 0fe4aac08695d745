// The grid of runs: only the lines in sight are on the page. Mouse and keyboard move over cells, tick runs, open groups and sort.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { TableLayout } from "../../src/record/tableLayout";
import { h } from "../dom";
import type { TableView } from "../store/tableState";
import type { Item } from "./arrange";
import type { TableColumn } from "./columns";
import { activeId, RowView, type RowContext } from "./rowView";

/** In pixels, as in table.css. */
const rowHeight = 24;
const headHeight = 26;
const tickWidth = 30;
/** The line of column headings, above the first row. */
const head = -1;

/** What the user asks for at the grid. */
export interface GridEvents {
  readonly open: (run: string) => void;
  readonly tick: (runs: readonly string[], on: boolean) => void;
  readonly toggleGroup: (id: string) => void;
  readonly sort: (column: string) => void;
  /** One place to the left (−1) or right (1). */
  readonly move: (column: string, by: number) => void;
  /** A key that means something for runs, such as F2. @returns whether it does. */
  readonly key: (event: KeyboardEvent) => boolean;
  readonly changed: () => void;
}

export type GridContext = Pick<RowContext, "ticked" | "color"> & Pick<TableLayout, "sort">;

export class Grid {
  readonly element = h("div", {
    class: "grid",
    role: "treegrid",
    tabindex: 0,
    "aria-label": "Runs",
    "aria-multiselectable": true,
  });
  private readonly head = h("div", { class: "row head", role: "row", "aria-rowindex": 1 });
  private readonly body = h("div", { class: "rows", role: "rowgroup" });
  private readonly lines = new Map<number, RowView>();
  private readonly spare: RowView[] = [];
  private readonly virtualizer: Virtualizer<HTMLElement, HTMLElement>;
  private view: TableView | undefined;
  private context: GridContext | undefined;
  /** Where the user is: a run stays so wherever it moves to. */
  private at: { row: number; column: number; key: string | undefined } = {
    row: 0,
    column: 1,
    key: undefined,
  };
  /** Where a range of ticks begins. */
  private anchor = 0;

  constructor(private readonly events: GridEvents) {
    this.element.append(h("div", { role: "rowgroup" }, this.head), this.body);
    this.virtualizer = new Virtualizer<HTMLElement, HTMLElement>({
      ...this.options(0),
    });
    this.virtualizer._didMount();
    this.element.addEventListener("keydown", (event) => this.keyDown(event));
    this.element.addEventListener("click", (event) => this.click(event));
    this.element.addEventListener("dblclick", (event) => {
      const item = this.itemAt(event.target);
      if (item?.kind === "run") events.open(item.row.key);
    });
    this.element.addEventListener("focus", () => this.drawLines());
    this.element.addEventListener("contextmenu", (event) => this.aim(event), { capture: true });
    this.element.addEventListener("dragstart", (event) => this.dragged(event));
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => this.dropped(event));
  }

  private options(count: number) {
    return {
      count,
      getScrollElement: () => this.element,
      estimateSize: () => rowHeight,
      overscan: 6,
      // The headings stay above the rows.
      paddingStart: headHeight,
      scrollPaddingStart: headHeight,
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      onChange: () => this.drawLines(),
    };
  }

  /** The run at which the user is. */
  get current(): string | undefined {
    const item = this.view?.items[this.at.row];
    return item?.kind === "run" ? item.row.key : undefined;
  }

  draw(view: TableView, context: GridContext): void {
    this.view = view;
    this.context = context;
    this.find(view.items);
    this.virtualizer.setOptions(this.options(view.items.length));
    this.virtualizer._willUpdate();
    const widths = view.columns.map(({ width }) => `${width}px`).join(" ");
    this.element.style.setProperty("--columns", `${tickWidth}px ${widths}`);
    const whole = view.columns.reduce((sum, { width }) => sum + width, tickWidth);
    this.element.style.setProperty("--whole", `${whole}px`);
    this.element.setAttribute("aria-rowcount", String(view.items.length + 1));
    this.element.setAttribute("aria-colcount", String(view.columns.length + 1));
    this.body.style.height = `${view.items.length * rowHeight}px`;
    this.drawHead(view.columns);
    this.drawLines();
  }

  /** The run at which the user was may be on another line now. */
  private find(items: readonly Item[]): void {
    const { key } = this.at;
    if (this.at.row === head) return;
    if (key !== undefined && keyOf(items[this.at.row]) !== key) {
      const row = items.findIndex((item) => keyOf(item) === key);
      if (row >= 0) this.at.row = row;
    }
    this.at.row = Math.max(0, Math.min(this.at.row, items.length - 1));
    this.at.key = keyOf(items[this.at.row]);
  }

  private drawHead(columns: readonly TableColumn[]): void {
    const sort = this.context?.sort;
    const active = this.at.row === head ? this.at.column : undefined;
    const cells = columns.map((column, i) => {
      const sorted = sort?.column === column.id ? (sort.descending ? "descending" : "ascending") : "none";
      const arrow = sorted === "none" ? "" : sorted === "descending" ? " ↓" : " ↑";
      return h(
        "span",
        {
          class: `cell${column.numeric ? " number" : ""}${active === i + 1 ? " active" : ""}${i === 0 ? " name" : ""}`,
          role: "columnheader",
          "aria-sort": sorted,
          "data-column": column.id,
          title: column.about,
          draggable: i > 0 ? "true" : undefined,
          id: active === i + 1 ? activeId : undefined,
        },
        `${column.title}${arrow}`,
      );
    });
    const tick = h("span", {
      class: "tick",
      role: "columnheader",
      "aria-label": "Ticked",
      id: active === 0 ? activeId : undefined,
    });
    this.head.replaceChildren(tick, ...cells);
  }

  private drawLines(): void {
    const { view, context } = this;
    if (!view || !context) return;
    const shown = this.virtualizer.getVirtualItems();
    const wanted = new Set(shown.map(({ index }) => index));
    for (const [index, line] of this.lines)
      if (!wanted.has(index)) {
        this.lines.delete(index);
        this.spare.push(line);
        line.rest();
      }
    for (const { index, start } of shown) {
      const item = view.items[index];
      if (!item) continue;
      let line = this.lines.get(index);
      if (!line) {
        line = this.spare.pop() ?? this.newLine();
        line.element.hidden = false;
        this.lines.set(index, line);
      }
      line.element.style.transform = `translateY(${start - headHeight}px)`;
      const { columns, base } = view;
      const active = index === this.at.row ? this.at.column : undefined;
      line.draw(item, { ...context, columns, base, active, row: index });
    }
    const seen = this.at.row === head || this.lines.has(this.at.row);
    if (seen) this.element.setAttribute("aria-activedescendant", activeId);
    else this.element.removeAttribute("aria-activedescendant");
  }

  private newLine(): RowView {
    const line = new RowView();
    this.body.append(line.element);
    return line;
  }

  private lineOf(target: EventTarget | null): number | undefined {
    if (!(target instanceof Element)) return undefined;
    const element = target.closest(".row");
    return [...this.lines].find(([, line]) => line.element === element)?.[0];
  }

  private itemAt(target: EventTarget | null): Item | undefined {
    const row = this.lineOf(target);
    return row === undefined ? undefined : this.view?.items[row];
  }

  private click(event: MouseEvent): void {
    const { target } = event;
    if (!(target instanceof Element)) return;
    const column = target.closest<HTMLElement>("[data-column]")?.dataset.column;
    if (column !== undefined) return this.events.sort(column);
    const row = this.lineOf(target);
    const item = row === undefined ? undefined : this.view?.items[row];
    if (row === undefined || !item) return;
    const place = [...(target.closest(".row")?.children ?? [])].findIndex((cell) => cell.contains(target));
    this.goTo(row, Math.max(0, place), false);
    if (item.kind === "group") return this.events.toggleGroup(item.id);
    if (event.shiftKey) return this.tickRange(row);
    if (target.closest(".tick") || event.ctrlKey || event.metaKey) this.tickAt(row);
    else this.anchor = row;
  }

  /** A menu for a run that is ticked is one for all that are. */
  private aim(event: MouseEvent): void {
    const row = this.lineOf(event.target);
    if (row === undefined) return;
    this.goTo(row, this.at.column, false);
    const item = this.view?.items[row];
    const ticked = this.context?.ticked;
    if (item?.kind === "run" && ticked?.has(item.row.key))
      this.lines.get(row)?.aim(item.row, [...ticked.keys()]);
  }

  private tickAt(row: number): void {
    const item = this.view?.items[row];
    if (item?.kind !== "run") return;
    this.anchor = row;
    this.events.tick([item.row.key], !this.context?.ticked.has(item.row.key));
  }

  private tickRange(to: number): void {
    const [low, high] = [Math.min(this.anchor, to), Math.max(this.anchor, to)];
    const items = this.view?.items.slice(low, high + 1) ?? [];
    this.events.tick(
      items.flatMap((item) => (item.kind === "run" ? [item.row.key] : [])),
      true,
    );
  }

  private goTo(row: number, column: number, scroll = true): void {
    const items = this.view?.items ?? [];
    const columns = this.view?.columns.length ?? 0;
    this.at = {
      row: Math.max(head, Math.min(row, items.length - 1)),
      column: Math.max(0, Math.min(column, columns)),
      key: undefined,
    };
    this.at.key = keyOf(items[this.at.row]);
    if (scroll && this.at.row >= 0) this.virtualizer.scrollToIndex(this.at.row, { align: "auto" });
    if (this.view) this.drawHead(this.view.columns);
    this.drawLines();
    if (scroll) this.showColumn();
    this.events.changed();
  }

  /** Scrolls sideways to the cell at which the user is, out from below the names. */
  private showColumn(): void {
    const columns = this.view?.columns ?? [];
    const { column } = this.at;
    if (column < 2) return void (this.element.scrollLeft = 0);
    const held = tickWidth + columns[0].width;
    const start = columns.slice(1, column - 1).reduce((sum, { width }) => sum + width, 0);
    const end = start + columns[column - 1].width;
    const room = Math.max(0, this.element.clientWidth - held);
    const { scrollLeft } = this.element;
    if (end > scrollLeft + room) this.element.scrollLeft = end - room;
    if (start < this.element.scrollLeft) this.element.scrollLeft = start;
  }

  private keyDown(event: KeyboardEvent): void {
    if (this.events.key(event) || this.moves(event) || this.acts(event)) event.preventDefault();
  }

  private moves({ key, altKey, ctrlKey, metaKey, shiftKey }: KeyboardEvent): boolean {
    const { row, column } = this.at;
    const page = Math.max(1, Math.floor((this.element.clientHeight - headHeight) / rowHeight) - 1);
    const last = (this.view?.items.length ?? 0) - 1;
    if (row === head && altKey && (key === "ArrowLeft" || key === "ArrowRight")) {
      const id = this.view?.columns[column - 1]?.id;
      const by = key === "ArrowLeft" ? -1 : 1;
      if (id === undefined || column + by < 2) return true;
      this.events.move(id, by);
      this.goTo(head, column + by);
      return true;
    }
    if (altKey) return false;
    const jump = ctrlKey || metaKey;
    const to: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      PageUp: [Math.max(0, row - page), column],
      PageDown: [row + page, column],
      Home: jump ? [0, column] : [row, 0],
      End: jump ? [last, column] : [row, this.view?.columns.length ?? 0],
    };
    if (!Object.hasOwn(to, key)) return false;
    const item = this.view?.items[row];
    // As in a tree: closes and opens a group.
    if (item?.kind === "group" && (key === "ArrowLeft" || key === "ArrowRight")) {
      if (item.closed === (key === "ArrowRight")) this.events.toggleGroup(item.id);
      return true;
    }
    this.goTo(...to[key]);
    if (shiftKey && this.at.row >= 0) this.tickRange(this.at.row);
    if (!shiftKey) this.anchor = Math.max(0, this.at.row);
    return true;
  }

  private acts({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
    const { row, column } = this.at;
    if (key === "a" && (ctrlKey || metaKey)) {
      const runs = this.view?.items.flatMap((item) => (item.kind === "run" ? [item.row.key] : [])) ?? [];
      this.events.tick(runs, true);
      return true;
    }
    if (key === "Escape" && (this.context?.ticked.size ?? 0) > 0) {
      this.events.tick([...(this.context?.ticked.keys() ?? [])], false);
      return true;
    }
    if (key !== "Enter" && key !== " ") return false;
    if (row === head) {
      const id = this.view?.columns[column - 1]?.id;
      if (id !== undefined) this.events.sort(id);
      return true;
    }
    const item = this.view?.items[row];
    if (item?.kind === "group") this.events.toggleGroup(item.id);
    else if (key === " ") this.tickAt(row);
    else if (item) this.events.open(item.row.key);
    return true;
  }

  private dragged(event: DragEvent): void {
    const column = event.target instanceof HTMLElement ? event.target.dataset.column : undefined;
    if (column !== undefined) event.dataTransfer?.setData("text/plain", column);
  }

  private dropped(event: DragEvent): void {
    event.preventDefault();
    const moved = event.dataTransfer?.getData("text/plain");
    const onto = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-column]") : null;
    const columns = this.view?.columns ?? [];
    const from = columns.findIndex(({ id }) => id === moved);
    const to = columns.findIndex(({ id }) => id === onto?.dataset.column);
    if (from > 0 && to > 0 && from !== to) this.events.move(columns[from].id, to - from);
  }
}

const keyOf = (item: Item | undefined): string | undefined =>
  item === undefined ? undefined : item.kind === "run" ? item.row.key : item.id;
