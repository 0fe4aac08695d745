// The page that compares runs: what they are laid over one another by, which line is which run and in what they differ, and every line chart over all of them.
import type { FromCompare } from "../../src/record/compareMessages";
import { letterOf, mostCompared } from "../../src/record/runSlots";
import { charts } from "../charts";
import { ownMetricChart, ownMetrics } from "../charts/ownMetrics";
import { Playhead } from "../charts/playhead";
import { h, setText } from "../dom";
import { Drawn } from "../drawn";
import type { CompareState } from "../store/compareState";
import { onThemeChange } from "../theme";
import { axes, type AxisId } from "./axes";
import { OverlayCard, type CardOptions } from "./overlayCard";
import { RunsLegend } from "./runsLegend";

const axisIds = Object.keys(axes).filter((id): id is AxisId => Object.hasOwn(axes, id));

export class OverlayBody extends Drawn {
  private readonly hidden = new Set<string>();
  private pointed: string | undefined;
  private axis: AxisId = "step";
  private normalized = false;
  private readonly legend: RunsLegend;
  private readonly actions = {
    zoomTo: this.zoomTo,
    redraw: this.redraw,
    playhead: new Playhead(),
    toggle: (letter: string) => {
      const found = this.state.runs.find(({ slot }) => letterOf(slot) === letter);
      if (found) this.toggle(found.run.key);
    },
  };
  private readonly cards: OverlayCard[];
  private readonly ownCards = new Map<string, OverlayCard>();
  private readonly grid: HTMLElement;
  private readonly counted = h("span", { class: "count", role: "status" });
  private readonly hint = h("button", { class: "link", type: "button", hidden: true }, "Show All");
  private readonly all: HTMLElement;
  private readonly empty: HTMLElement;
  readonly element: HTMLElement;

  constructor(
    private readonly state: CompareState,
    send: (message: FromCompare) => void,
  ) {
    super();
    const pick = (text: string) =>
      h("button", { class: "link", type: "button", onclick: () => send({ kind: "pick" }) }, text);
    this.legend = new RunsLegend({
      toggle: (run) => this.toggle(run),
      alone: (run) => this.showAlone(run),
      point: (run) => {
        this.pointed = run;
        this.redraw();
      },
      open: (run) => send({ kind: "open", run }),
      remove: (run) => send({ kind: "remove", run }),
    });
    this.cards = charts.flatMap((chart) =>
      chart.kind === "line" ? [new OverlayCard(chart, this.actions)] : [],
    );
    this.grid = h("div", { class: "charts" }, ...this.cards.map(({ element }) => element));
    this.hint.addEventListener("click", () => this.zoomTo(undefined));
    const bar = h(
      "div",
      { class: "tools" },
      this.counted,
      pick("Choose Runs…"),
      this.axisChoice(),
      this.normalToggle(),
      this.hint,
    );
    this.all = h("div", { class: "compared" }, bar, this.legend.element, this.grid);
    this.empty = h(
      "div",
      { class: "welcome", hidden: true },
      h("h1", {}, "No run to compare"),
      h(
        "p",
        {},
        "Tick runs in the table of runs (view Runs in the bottom panel), or choose them from a list.",
      ),
      pick("Choose Runs…"),
    );
    this.element = h("div", {}, this.all, this.empty);
    new ResizeObserver(this.redraw).observe(this.grid);
    onThemeChange(this.themed);
    this.redraw();
  }

  private axisChoice(): HTMLElement {
    const choice = h(
      "select",
      { "aria-label": "Lay runs over one another by" },
      ...axisIds.map((id) => h("option", { value: id }, `By ${axes[id].title}`)),
    ) as HTMLSelectElement;
    choice.addEventListener("change", () => {
      this.axis = axisIds.find((id) => id === choice.value) ?? "step";
      // What was in sight lies elsewhere on another axis.
      this.zoomTo(undefined);
      this.redraw();
    });
    return choice;
  }

  private normalToggle(): HTMLElement {
    const title =
      "Sharpness · η / 2, and every value that has one, over the limit that the run's own settings put on it: runs at the edge of stability lie on 1";
    const box = h("vscode-checkbox", { class: "toggle normal", title }, "normalized");
    box.addEventListener("change", () => {
      this.normalized = (box as HTMLInputElement).checked;
      this.redraw();
    });
    return box;
  }

  private toggle(run: string): void {
    if (!this.hidden.delete(run)) this.hidden.add(run);
    this.redraw();
  }

  private showAlone(run: string): void {
    const others = this.state.runs.map(({ run: { key } }) => key).filter((key) => key !== run);
    const isAlone = others.every((key) => this.hidden.has(key)) && !this.hidden.has(run);
    this.hidden.clear();
    if (!isAlone) for (const key of others) this.hidden.add(key);
    this.redraw();
  }

  protected draw(): void {
    const { state, theme } = this;
    const all = [...this.cards, ...this.ownCards.values()];
    this.hint.hidden = this.zoom === undefined;
    if (this.onlyZoomed) {
      for (const card of all) card.zoom(this);
      return;
    }
    this.all.hidden = state.runs.length === 0;
    this.empty.hidden = !state.loaded || state.runs.length > 0;
    const more = state.more > 0 ? ` (${state.more} more are ticked; ${mostCompared} have a colour)` : "";
    setText(this.counted, `${state.runs.length} ${state.runs.length === 1 ? "run" : "runs"}${more}`);
    const background = theme.dark ? "dark" : "light";
    this.legend.draw(state.runs, this.hidden, background);
    const shown = state.runs.filter(({ run }) => !this.hidden.has(run.key));
    const { axis, normalized, pointed } = this;
    const options: CardOptions = {
      axis,
      normalized,
      background,
      pointed: pointed !== undefined && this.hidden.has(pointed) ? undefined : pointed,
    };
    this.addOwnCards();
    for (const card of [...this.cards, ...this.ownCards.values()]) card.draw(shown, options, this);
  }

  /** What no chart shows gets one each. */
  private addOwnCards(): void {
    for (const { run } of this.state.runs)
      for (const name of ownMetrics(run)) {
        if (this.ownCards.has(name)) continue;
        const card = new OverlayCard(ownMetricChart(name, run), this.actions);
        this.ownCards.set(name, card);
        this.grid.append(card.element);
      }
  }
}
