// Which line is which run, and in what the runs differ: a row a run with its colour, letter, verdict and the settings that differ. A click on the letter hides its lines.
import { runColorOn } from "../../src/record/export/runColors";
import { letterOf } from "../../src/record/runSlots";
import { h } from "../dom";
import { differencesOf, type ComparedModel } from "../store/compareState";

/** What the user asks for of a run. */
export interface LegendEvents {
  readonly toggle: (run: string) => void;
  /** It alone, or all again. */
  readonly alone: (run: string) => void;
  readonly point: (run: string | undefined) => void;
  readonly open: (run: string) => void;
  readonly remove: (run: string) => void;
}

export class RunsLegend {
  private readonly head = h("thead");
  private readonly rows = h("tbody");
  readonly element = h("div", { class: "legend-table" }, h("table", {}, this.head, this.rows));
  private shape = "";

  constructor(private readonly events: LegendEvents) {}

  draw(runs: readonly ComparedModel[], hidden: ReadonlySet<string>, background: "dark" | "light"): void {
    const shape = JSON.stringify([
      runs.map(({ run, slot, mark, says }) => [run.key, run.label, slot, mark, says]),
      [...hidden],
      background,
    ]);
    // Rows stay while nothing of them changes: so does the focus.
    if (shape === this.shape) return;
    this.shape = shape;
    const focused =
      document.activeElement instanceof HTMLElement ? document.activeElement.dataset.focus : undefined;
    const differences = differencesOf(runs);
    const heads = differences.map(({ path }) =>
      h("th", { scope: "col", title: path }, path.slice(path.lastIndexOf(".") + 1)),
    );
    this.head.replaceChildren(
      h(
        "tr",
        {},
        h("th", { scope: "col" }, "Run"),
        h("th", { scope: "col" }, "Verdict"),
        ...heads,
        h("th", { scope: "col" }, h("span", { class: "unseen" }, "Remove")),
      ),
    );
    this.rows.replaceChildren(
      ...runs.map((one, i) =>
        this.row(
          one,
          hidden,
          background,
          differences.map(({ values }) => values[i]),
        ),
      ),
    );
    if (focused !== undefined)
      [...this.element.querySelectorAll<HTMLElement>("[data-focus]")]
        .find((one) => one.dataset.focus === focused)
        ?.focus();
  }

  private row(
    { run, slot, mark, says }: ComparedModel,
    hidden: ReadonlySet<string>,
    background: "dark" | "light",
    values: readonly string[],
  ): HTMLElement {
    const { toggle, alone, point, open, remove } = this.events;
    const { key, label } = run;
    const isShown = !hidden.has(key);
    const { color, dashed } = runColorOn(slot, background);
    const swatch = h("span", { class: `swatch${dashed ? " dashed" : ""}` });
    swatch.style.setProperty("--run", color);
    const letter = h(
      "button",
      {
        type: "button",
        class: "letter",
        "aria-pressed": String(isShown),
        "aria-label": `Run ${letterOf(slot)}: ${isShown ? "hide" : "show"}`,
        title: "Click: hide or show. Alt+click: this one alone.",
        "data-focus": `letter ${key}`,
        onclick: (event) => (event instanceof MouseEvent && event.altKey ? alone(key) : toggle(key)),
      },
      swatch,
      letterOf(slot),
    );
    const name = h(
      "button",
      { type: "button", class: "link", "data-focus": `name ${key}`, onclick: () => open(key) },
      label,
    );
    const gone = h(
      "button",
      {
        type: "button",
        class: "link",
        "aria-label": `Remove ${label}`,
        title: "Remove from the comparison",
        "data-focus": `gone ${key}`,
        onclick: () => remove(key),
      },
      "✕",
    );
    return h(
      "tr",
      {
        class: isShown ? undefined : "hidden-run",
        "data-run": key,
        onmouseenter: () => point(key),
        onmouseleave: () => point(undefined),
      },
      h("td", { class: "who" }, letter, name),
      h("td", {}, `${mark} ${says}`),
      ...values.map((value) => h("td", {}, value)),
      h("td", {}, gone),
    );
  }
}
