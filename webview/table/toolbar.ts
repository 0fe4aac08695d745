// What stands above the grid: the filter with what is wrong with it, how many runs are shown, groups, columns, and what is done with the runs that are ticked.
import { groupings, type Grouping, type TableLayout } from "../../src/record/tableLayout";
import type { TableAction } from "../../src/record/tableMessages";
import { h, setText } from "../dom";
import type { TableState, TableView } from "../store/tableState";

/** What the user asks for above the grid. */
export interface ToolbarEvents {
  readonly filter: (text: string) => void;
  readonly group: (group: Grouping) => void;
  readonly columns: () => void;
  readonly base: () => void;
  readonly act: (action: TableAction) => void;
  readonly leave: () => void;
}

const groupWords: Readonly<Record<Grouping, string>> = {
  none: "Not grouped",
  experiment: "By experiment",
  sweep: "By sweep",
};

const actions: readonly (readonly [action: TableAction, text: string, title: string])[] = [
  ["compare", "Compare", "Draw the ticked runs over one another (C)"],
  ["rename", "Rename", "Rename the run (F2)"],
  ["tags", "Tags", "Edit tags (T)"],
  ["note", "Note", "Edit the note (N)"],
  ["pin", "Pin", "Pin or unpin (P)"],
  ["delete", "Delete", "Delete from the disk (Delete)"],
];

const waitMilliseconds = 120;

export class Toolbar {
  private readonly input = h("input", {
    class: "filter",
    type: "search",
    placeholder: "Filter: words, sharpness > 30, verdict = stable …",
    "aria-label": "Filter runs",
    "aria-describedby": "problem",
    spellcheck: "false",
  }) as HTMLInputElement;
  private readonly counted = h("span", { class: "count", role: "status" });
  private readonly group = h(
    "select",
    { "aria-label": "Group runs" },
    ...groupings.map((id) => h("option", { value: id }, groupWords[id])),
  ) as HTMLSelectElement;
  private readonly base: HTMLElement;
  private readonly buttons: readonly (readonly [TableAction, HTMLButtonElement])[];
  private readonly problem = h("p", { class: "problem", id: "problem", role: "alert", hidden: true });
  readonly element: HTMLElement;
  private typing: number | undefined;

  constructor(private readonly events: ToolbarEvents) {
    const button = (text: string, title: string, run: () => void): HTMLButtonElement =>
      h("button", { type: "button", class: "link", title, onclick: run }, text) as HTMLButtonElement;
    this.buttons = actions.map(([action, text, title]) => [
      action,
      button(text, title, () => events.act(action)),
    ]);
    this.base = button("Compare with This", "Show how the other runs differ from this one (B)", events.base);
    const columns = button("Columns…", "Choose columns", events.columns);
    this.element = h(
      "div",
      { class: "tools" },
      this.input,
      this.counted,
      this.group,
      columns,
      h("span", { class: "actions" }, this.base, ...this.buttons.map(([, one]) => one)),
      this.problem,
    );
    this.input.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = window.setTimeout(() => this.settle(), waitMilliseconds);
    });
    this.input.addEventListener("keydown", ({ key }) => {
      if (key !== "Enter" && key !== "ArrowDown") return;
      this.settle();
      events.leave();
    });
    this.group.addEventListener("change", () => {
      events.group(groupings.find((id) => id === this.group.value) ?? "none");
    });
  }

  /** @param aimed  How many runs an action would be done with. */
  draw({ layout, mayWrite, ticked }: TableState, view: TableView, aimed: number): void {
    this.showLayout(layout);
    const { shown, of, problem, base } = view;
    const ticks = ticked.size > 0 ? `, ${ticked.size} ticked` : "";
    setText(this.counted, `${shown === of ? of : `${shown} of ${of}`} ${of === 1 ? "run" : "runs"}${ticks}`);
    setText(this.problem, problem ?? "");
    this.problem.hidden = problem === null;
    this.input.setAttribute("aria-invalid", String(problem !== null));
    setText(this.base, base ? "Without Differences" : "Compare with This");
    for (const [action, button] of this.buttons) {
      button.hidden = !mayWrite && action !== "compare";
      button.disabled = aimed === 0 || (action === "rename" && aimed > 1);
    }
  }

  /** What was typed holds. */
  private settle(): void {
    clearTimeout(this.typing);
    this.typing = undefined;
    this.events.filter(this.input.value);
  }

  private showLayout({ filter, group }: TableLayout): void {
    // Not while it is being typed.
    const isTyped = this.typing !== undefined || document.activeElement === this.input;
    if (!isTyped && this.input.value !== filter) this.input.value = filter;
    if (this.group.value !== group) this.group.value = group;
  }

  focusFilter(): void {
    this.input.focus();
  }
}
