// The grid of the map: a button a point, moved through by arrow keys; labels that can be dragged along their axis; each run's limits over it.
import { numbersOf, valueAt, type SweepAxis, type SweepCell, type SweepMap } from "../../src/record/sweepMap";
import { h, setText } from "../dom";
import { nameOf, sentenceOf, shownValue, toneOf, wordsOf, type Shown } from "./cellWords";
import { limitMarks } from "./limits";

export interface GridActions {
  readonly open: (cell: SweepCell) => void;
  /** A value to be added at once. */
  readonly add: (key: string, typed: string) => void;
  /** A value that the user may change first. */
  readonly ask: (key: string, typed: string) => void;
}

/** Pixels from where a press is a drag. */
const dragFrom = 6;

export class Grid {
  readonly element = h("div", { class: "grid", role: "grid", "aria-label": "Points of the sweep" });
  private readonly overlay = h("div", { class: "limits", "aria-hidden": "true" });
  private readonly ghost = h("div", { class: "ghost", hidden: true, "aria-hidden": "true" });
  private cells: HTMLElement[] = [];
  private map: SweepMap | undefined;
  private mayRun = false;
  /** The cell that Tab reaches. */
  private current = 0;

  constructor(private readonly actions: GridActions) {
    this.element.addEventListener("keydown", (event) => this.move(event));
  }

  /** Makes the cells anew: the axes are others. */
  build(map: SweepMap, mayRun: boolean): void {
    const { x, y } = map;
    const focused = this.cells.findIndex((cell) => cell === document.activeElement);
    this.map = map;
    this.mayRun = mayRun;
    const columns = x.values.length;
    const rows = y?.values.length ?? 1;
    this.current = Math.min(this.current, rows * columns - 1);
    this.element.style.gridTemplateColumns = `auto repeat(${columns}, minmax(58px, 1fr))`;
    this.cells = map.cells.map((_, i) => this.cell(i));
    // Each in its place: the limits lie over them all, and what has no place of its own would make room for them.
    this.cells.forEach((cell, i) => {
      cell.style.gridArea = `${rows - Math.floor(i / columns)} / ${(i % columns) + 2}`;
    });
    const lines = Array.from({ length: rows }, (_, i) => rows - 1 - i).map((row) =>
      h(
        "div",
        { role: "row" },
        h("span", { role: "rowheader", class: "up" }, y ? this.label(y, row) : ""),
        ...this.cells.slice(row * columns, (row + 1) * columns),
      ),
    );
    const across = h(
      "div",
      { role: "row" },
      h("span", { role: "gridcell", class: "corner" }, y ? `${nameOf(y.key)} ↑` : ""),
      ...x.values.map((_, i) => h("span", { role: "columnheader", class: "across" }, this.label(x, i))),
    );
    this.overlay.style.gridArea = `1 / 2 / ${rows + 1} / ${columns + 2}`;
    this.overlay.append(this.ghost);
    this.element.replaceChildren(
      ...lines,
      across,
      h("div", { class: "axis" }, `${nameOf(x.key)} →`),
      this.overlay,
    );
    if (focused >= 0) this.cells[Math.min(focused, this.cells.length - 1)]?.focus();
  }

  /** Says in each cell what its run found by now. */
  draw(map: SweepMap, shown: Shown): void {
    this.map = map;
    const shade = shading(map, shown);
    map.cells.forEach((cell, i) => {
      const element = this.cells[i];
      const [sign, words] = wordsOf(cell, shown, this.mayRun);
      const tone = shown === "verdict" || cell.run === null ? toneOf(cell) : "value";
      const className = `cell ${tone}${cell.beyond ? " beyond" : ""}`;
      if (element.className !== className) element.className = className;
      setText(element.children[0], sign);
      setText(element.children[1], words);
      element.style.setProperty("--shade", `${shade(cell)}%`);
      element.setAttribute("aria-label", sentenceOf(cell, map, this.mayRun));
      element.title = sentenceOf(cell, map, this.mayRun);
      element.tabIndex = i === this.current ? 0 : -1;
    });
    this.drawLimits(map);
  }

  private drawLimits(map: SweepMap): void {
    const marks = limitMarks(map).map(({ cell, kind, left, top, length, level, outside }) => {
      const mark = h("div", {
        class: `mark ${kind} ${level ? "level" : "upright"}${outside ? " outside" : ""}`,
      });
      mark.dataset.cell = `${cell.x} ${cell.y}`;
      mark.style.left = `${100 * left}%`;
      mark.style.top = `${100 * top}%`;
      mark.style[level ? "width" : "height"] = `${100 * length}%`;
      return mark;
    });
    this.overlay.replaceChildren(...marks, this.ghost);
  }

  private cell(i: number): HTMLElement {
    const own = () => this.map?.cells[i];
    const point = (on: boolean) => {
      const cell = own();
      for (const mark of this.overlay.querySelectorAll<HTMLElement>(".mark"))
        mark.classList.toggle("own", on && mark.dataset.cell === `${cell?.x} ${cell?.y}`);
    };
    return h(
      "button",
      {
        role: "gridcell",
        type: "button",
        onclick: () => {
          const cell = own();
          if (cell && (cell.run !== null || this.mayRun)) this.actions.open(cell);
        },
        onfocus: () => {
          this.current = i;
          this.cells.forEach((cell, j) => (cell.tabIndex = j === i ? 0 : -1));
          point(true);
        },
        onblur: () => point(false),
        onmouseenter: () => point(true),
        onmouseleave: () => point(false),
      },
      h("span", { class: "sign", "aria-hidden": "true" }),
      h("span", { class: "words", "aria-hidden": "true" }),
    );
  }

  /** Arrow keys, Home and End, as in any grid; up is a larger value. */
  private move(event: KeyboardEvent): void {
    const at = this.cells.findIndex((cell) => cell === event.target);
    if (at < 0 || !this.map) return;
    const columns = this.map.x.values.length;
    const column = at % columns;
    const to: Partial<Record<string, number>> = {
      ArrowRight: column < columns - 1 ? at + 1 : at,
      ArrowLeft: column > 0 ? at - 1 : at,
      ArrowUp: at + columns,
      ArrowDown: at - columns,
      Home: at - column,
      End: at - column + columns - 1,
    };
    const target = to[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.cells[target]?.focus();
  }

  /** A value of an axis. Where values may be added it is a handle: dragged along its axis it adds the value under the pointer, pressed it proposes one. */
  private label(axis: SweepAxis, i: number): HTMLElement | string {
    const text = shownValue(axis.values[i]);
    if (!this.mayRun || numbersOf(axis)[i] === undefined) return text;
    const handle = h(
      "button",
      {
        type: "button",
        class: "handle",
        "aria-label": `${nameOf(axis.key)} ${text}: add a value beside it`,
        title: "Drag to add a value, or press to type one",
        onclick: () => this.actions.ask(axis.key, String(valueAt(axis, i + 0.5) ?? "")),
      },
      text,
    );
    handle.addEventListener("pointerdown", (event) => this.drag(event, axis, handle));
    return handle;
  }

  private drag(start: PointerEvent, axis: SweepAxis, handle: HTMLElement): void {
    const isLevel = axis === this.map?.x;
    let value: number | null = null;
    const move = (event: PointerEvent) => {
      const way = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
      if (value === null && way < dragFrom) return;
      const box = this.overlay.getBoundingClientRect();
      const part = isLevel
        ? (event.clientX - box.left) / box.width
        : (box.bottom - event.clientY) / box.height;
      value = valueAt(axis, part * axis.values.length - 0.5);
      this.ghost.hidden = false;
      this.ghost.className = `ghost ${isLevel ? "upright" : "level"}`;
      this.ghost.style.left = isLevel ? `${100 * part}%` : "0";
      this.ghost.style.top = isLevel ? "0" : `${100 * (1 - part)}%`;
      setText(this.ghost, value === null ? "" : String(value));
    };
    const end = (done: boolean) => {
      handle.removeEventListener("pointermove", move);
      this.ghost.hidden = true;
      if (value === null) return;
      // The press was a drag: no click follows it.
      handle.addEventListener("click", (event) => event.stopImmediatePropagation(), {
        capture: true,
        once: true,
      });
      if (done) this.actions.add(axis.key, String(value));
    };
    handle.setPointerCapture(start.pointerId);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => end(true), { once: true });
    handle.addEventListener("pointercancel", () => end(false), { once: true });
  }
}

/** How dark a cell is for its value: from the least to the largest of the map, sharpness on a log scale. */
function shading({ cells }: SweepMap, shown: Shown): (cell: SweepCell) => number {
  if (shown === "verdict") return () => 0;
  const scaled = (cell: SweepCell): number | null => {
    const value = cell[shown];
    if (value === null || !Number.isFinite(value)) return null;
    return shown === "sharpness" ? Math.log(Math.max(value, Number.MIN_VALUE)) : value;
  };
  const values = cells.map(scaled).filter((value) => value !== null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return (cell) => {
    const value = scaled(cell);
    return value === null ? 0 : Math.round(8 + 40 * (most > least ? (value - least) / (most - least) : 0));
  };
}
