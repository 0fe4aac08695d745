// One run in brief: name, verdict, progress, the numbers that decide and two curves. The view in the bottom panel and the output of a notebook cell show it.
import { ChartCard } from "./charts/chartCard";
import { fractions } from "./charts/fractions";
import { loss } from "./charts/loss";
import { Playhead } from "./charts/playhead";
import { Banner } from "./controls/banner";
import { Numbers } from "./controls/numbers";
import { Popover } from "./controls/popover";
import { ProgressBar } from "./controls/progressBar";
import { RunTitle } from "./controls/runTitle";
import { h } from "./dom";
import { send } from "./host";
import type { Drawing } from "./drawn";
import type { RunModel } from "./store/runModel";

/** What decides, and what it decides about. */
const shownNumbers = ["loss.train", "sharpness", "stability.limit", "stability.growth"];

export class BriefBody {
  private readonly popover = new Popover();
  private readonly title = new RunTitle();
  private readonly banner = new Banner(this.popover, { brief: true });
  private readonly progress = new ProgressBar({ brief: true });
  private readonly numbers = new Numbers(this.popover, shownNumbers);
  private readonly cards: readonly ChartCard[];
  readonly element: HTMLElement;
  private shown: string | undefined;

  /** @param chartHeight  Of each curve in pixels, asked at each drawing. */
  constructor(
    private readonly drawing: Drawing,
    private readonly chartHeight: () => number,
  ) {
    const { redraw, view } = drawing;
    const playhead = new Playhead();
    this.cards = [fractions, loss].map(
      (chart) =>
        new ChartCard(chart, this.popover, { onZoom: drawing.zoomTo, redraw, view, playhead, small: true }),
    );
    const grid = h("div", { class: "charts" }, ...this.cards.map(({ element }) => element));
    const said = h(
      "div",
      { class: "said" },
      this.title.element,
      this.banner.element,
      this.progress.element,
      this.numbers.element,
    );
    this.element = h("div", { class: "current" }, said, grid, this.popover.element);
    // On the picture itself; dragging over it zooms, and is no click.
    grid.addEventListener("click", ({ target }) => {
      if (this.shown !== undefined && target instanceof Element && target.closest(".u-over"))
        send({ kind: "openPanel", run: this.shown });
    });
  }

  draw(run: RunModel): void {
    const { zoom, theme, onlyZoomed } = this.drawing;
    if (onlyZoomed) {
      for (const card of this.cards) card.zoom(zoom, theme);
      return;
    }
    this.shown = run.key;
    this.title.update(run);
    this.banner.update(run);
    this.progress.update(run);
    this.numbers.update(run);
    this.popover.update();
    for (const card of this.cards) {
      card.height = this.chartHeight();
      card.draw(run, zoom, theme);
    }
  }
}
