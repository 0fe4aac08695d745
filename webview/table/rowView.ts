// One line of the table on the page: a run with its cells, or the heading of a group. It is filled anew as the table scrolls.
import { letterOf } from "../../src/record/runSlots";
import type { RunRow } from "../../src/record/runRow";
import { h, setText } from "../dom";
import { differenceFrom, type Item } from "./arrange";
import type { TableColumn } from "./columns";

/** What a line is drawn with beside its item. */
export interface RowContext {
  readonly columns: readonly TableColumn[];
  readonly base: RunRow | undefined;
  readonly ticked: ReadonlyMap<string, number | null>;
  /** The colour of a run among those compared. */
  readonly color: (slot: number) => string;
  /** The column at which the user is on this line; undefined on all others. */
  readonly active: number | undefined;
  readonly row: number;
}

/** The id of the cell at which the user is, for those who hear it. */
export const activeId = "active-cell";

export class RowView {
  readonly element = h("div", { role: "row" });
  private readonly tick = h("span", { class: "tick", role: "gridcell" });
  private readonly heading = h("span", { class: "heading", role: "gridcell" });
  private cells: HTMLElement[] = [];
  item: Item | undefined;

  draw(item: Item, context: RowContext): void {
    this.item = item;
    this.element.setAttribute("aria-rowindex", String(context.row + 2));
    this.element.classList.toggle("active", context.active !== undefined);
    if (item.kind === "group") this.drawGroup(item, context);
    else this.drawRun(item.row, context);
  }

  /** What VS Code's menu for this line is given: the run, and the others that are meant with it. */
  aim({ key, note }: RunRow, runs: readonly string[]): void {
    this.element.dataset.vscodeContext = JSON.stringify({
      webviewSection: "run",
      run: key,
      basinPinned: note.pinned,
      preventDefaultContextMenuItems: true,
      ...(runs.length > 1 && { runs }),
    });
  }

  /** Out of sight: nothing on it is found any more. */
  rest(): void {
    this.element.hidden = true;
    this.element.className = "row";
    for (const cell of [this.tick, this.heading, ...this.cells]) cell.id = "";
  }

  private drawGroup(item: Extract<Item, { kind: "group" }>, { active, columns }: RowContext): void {
    this.element.className = `row group${active === undefined ? "" : " active"}`;
    this.element.removeAttribute("aria-selected");
    delete this.element.dataset.run;
    delete this.element.dataset.vscodeContext;
    this.heading.setAttribute("aria-colspan", String(columns.length + 1));
    setText(this.heading, `${item.closed ? "▸" : "▾"} ${item.title} (${item.count})`);
    this.heading.id = active === undefined ? "" : activeId;
    this.element.setAttribute("aria-expanded", String(!item.closed));
    this.show([this.heading]);
  }

  private drawRun(row: RunRow, { columns, base, ticked, color, active }: RowContext): void {
    const isTicked = ticked.has(row.key);
    const { element } = this;
    element.className = [
      "row",
      isTicked && "ticked",
      active !== undefined && "active",
      row.key === base?.key && "base",
    ]
      .filter(Boolean)
      .join(" ");
    element.removeAttribute("aria-expanded");
    element.setAttribute("aria-selected", String(isTicked));
    element.dataset.run = row.key;
    this.aim(row, []);
    const slot = ticked.get(row.key) ?? null;
    setText(this.tick, slot === null ? (isTicked ? "✓" : "") : letterOf(slot));
    this.tick.setAttribute(
      "aria-label",
      isTicked ? `ticked${slot === null ? "" : `, run ${letterOf(slot)}`}` : "not ticked",
    );
    this.tick.style.setProperty("--run", slot === null ? "" : color(slot));
    this.tick.classList.toggle("colored", slot !== null);
    this.tick.id = active === 0 ? activeId : "";
    while (this.cells.length < columns.length) this.cells.push(h("span", { role: "gridcell" }));
    columns.forEach((column, i) => this.drawCell(this.cells[i], column, row, base));
    columns.forEach((_column, i) => (this.cells[i].id = active === i + 1 ? activeId : ""));
    this.show([this.tick, ...this.cells.slice(0, columns.length)]);
  }

  private drawCell(cell: HTMLElement, column: TableColumn, row: RunRow, base: RunRow | undefined): void {
    const text = column.text(row);
    const beside = base && base.key !== row.key ? base : undefined;
    const value = column.value(row);
    const difference = beside ? differenceFrom(column.value(beside), value) : "";
    const same = beside !== undefined && column.group === "Setting" && column.value(beside) === value;
    cell.className = ["cell", column.numeric && "number", same && "same", column.id === "name" && "name"]
      .filter(Boolean)
      .join(" ");
    const pin = column.id === "name" && row.note.pinned ? "★ " : "";
    const damaged = column.id === "name" && row.damaged ? " (damaged)" : "";
    setText(cell, `${pin}${text}${damaged}${difference === "" ? "" : `  ${difference}`}`);
    if (column.id === "verdict") cell.dataset.tone = toneOf(row);
    else delete cell.dataset.tone;
    // Cut off in the cell, whole under the mouse.
    cell.title = column.id === "note" ? row.note.note : text.length > 12 ? text : "";
  }

  private show(cells: readonly HTMLElement[]): void {
    const { element } = this;
    if (element.childElementCount === cells.length && cells.every((cell, i) => element.children[i] === cell))
      return;
    element.replaceChildren(...cells);
  }
}

/** While it trains the provisional flag alone says something. */
const toneOf = ({ severity, flagged }: RunRow): string => severity ?? (flagged ? "bad" : "open");
