// Every number of a run as a table on demand: search, copy, and a click on a metric that says where its number comes from.
import { h, setText } from "../dom";
import {
  cellsOf,
  csvOf,
  matching,
  numberHeadings,
  numberRows,
  textOf,
  type NumberRow,
} from "../store/numberRows";
import { provenanceOf } from "../store/provenance";
import type { RunModel } from "../store/runModel";
import type { View } from "../store/view";
import { copyText } from "./copyText";
import type { Popover } from "./popover";

interface Row {
  readonly element: HTMLElement;
  /** All but the first, which holds the button. */
  readonly cells: readonly HTMLElement[];
}

export class NumbersTable {
  private readonly summary = h("summary", {});
  private readonly search = searchBox();
  private readonly body = h("tbody", {});
  private readonly nothing = h("p", { class: "nothing-found", role: "status" });
  private readonly rows = new Map<string, Row>();
  private run: RunModel | undefined;
  /** The rows as they stand, to see whether another order is needed. */
  private order = "";
  readonly element: HTMLElement;

  constructor(
    private readonly popover: Popover,
    private readonly view: View,
  ) {
    const copy = (name: string, as: (rows: readonly NumberRow[]) => string) => {
      const button = h("button", { type: "button", class: "link" }, name);
      button.addEventListener("click", () => void copyText(button, as(this.found())));
      return button;
    };
    const headings = numberHeadings.map((text) => h("th", { scope: "col" }, text));
    const details = h(
      "details",
      { class: "numbers-table" },
      this.summary,
      h("div", { class: "tools" }, this.search, copy("Copy as text", textOf), copy("Copy as CSV", csvOf)),
      h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ...headings)), this.body)),
      this.nothing,
    );
    // Not by the element itself, which tells of it later: a drawing in between would close it again.
    this.summary.addEventListener("click", (event) => {
      event.preventDefault();
      this.view.change({ numbers: !this.view.state.numbers });
      if (this.run) this.update(this.run);
    });
    this.search.addEventListener("input", () => this.fill());
    this.element = details;
  }

  update(run: RunModel): void {
    this.run = run;
    this.element.toggleAttribute("open", this.view.state.numbers);
    this.fill();
  }

  private found(): NumberRow[] {
    return this.run ? matching(numberRows(this.run), this.search.value) : [];
  }

  private fill(): void {
    if (!this.run) return;
    const all = numberRows(this.run);
    this.element.hidden = all.length === 0;
    setText(this.summary, `All numbers (${all.length})`);
    if (!this.view.state.numbers) return;
    const found = matching(all, this.search.value);
    setText(this.nothing, found.length === 0 ? `No number matches "${this.search.value}".` : "");
    const order = found.map(({ name }) => name).join("\n");
    if (order !== this.order) {
      this.order = order;
      this.body.replaceChildren(...found.map((row) => this.rowOf(row).element));
    }
    for (const row of found) {
      const { element, cells } = this.rowOf(row);
      element.classList.toggle("earlier", row.behind > 0);
      cellsOf(row)
        .slice(1)
        .forEach((text, i) => setText(cells[i], text));
    }
  }

  private rowOf({ name, label }: NumberRow): Row {
    const known = this.rows.get(name);
    if (known) return known;
    const details = () => this.run && provenanceOf(name, this.run);
    const cells = numberHeadings.slice(1).map(() => h("td", {}));
    const button = this.popover.button({ "data-metric": name }, [label], details);
    const made = { element: h("tr", {}, h("th", { scope: "row" }, button), ...cells), cells };
    this.rows.set(name, made);
    return made;
  }

  /** Another run: its metrics may have other labels. */
  forget(): void {
    this.rows.clear();
    this.order = "";
  }
}

function searchBox(): HTMLInputElement {
  const box = document.createElement("input");
  box.type = "search";
  box.placeholder = "Search";
  box.setAttribute("aria-label", "Search the numbers");
  return box;
}
