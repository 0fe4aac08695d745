// Everything there is to see of one run: verdict, progress, numbers, charts, chain, and what else can be measured.
import { charts } from "./charts";
import { ChartCard } from "./charts/chartCard";
import { ownMetricChart, ownMetrics } from "./charts/ownMetrics";
import { Banner } from "./controls/banner";
import { Chain } from "./controls/chain";
import { More } from "./controls/more";
import { Numbers } from "./controls/numbers";
import { Popover } from "./controls/popover";
import { ProgressBar } from "./controls/progressBar";
import { h } from "./dom";
import type { Page } from "./page";
import type { RunModel } from "./store/runModel";

export class RunBody {
  private readonly popover = new Popover();
  private readonly banner = new Banner(this.popover);
  private readonly progress = new ProgressBar();
  private readonly numbers = new Numbers(this.popover);
  private readonly chain = new Chain(this.popover);
  private readonly more = new More();
  private readonly cards: readonly ChartCard[];
  private readonly ownCards = new Map<string, ChartCard>();
  private readonly grid: HTMLElement;
  private readonly hint = h("button", { class: "link zoom", type: "button", hidden: true }, "Show all steps");
  readonly element: HTMLElement;

  /** @param header  What stands above the verdict. */
  constructor(
    private readonly page: Page,
    header: HTMLElement,
  ) {
    this.cards = charts.map((chart) => new ChartCard(chart, this.popover, page.zoomTo, page.redraw));
    this.grid = h("div", { class: "charts" }, ...this.cards.map(({ element }) => element));
    this.hint.addEventListener("click", () => page.zoomTo(undefined));
    this.element = h(
      "div",
      { class: "body" },
      header,
      this.banner.element,
      this.progress.element,
      this.numbers.element,
      this.hint,
      this.grid,
      this.chain.element,
      this.more.element,
      this.popover.element,
    );
    new ResizeObserver(page.redraw).observe(this.grid);
  }

  draw(run: RunModel): void {
    const { zoom, theme } = this.page;
    this.hint.hidden = zoom === undefined;
    if (this.page.onlyZoomed) {
      for (const card of [...this.cards, ...this.ownCards.values()]) card.zoom(zoom, theme);
      return;
    }
    this.banner.update(run);
    this.progress.update(run);
    this.numbers.update(run);
    this.chain.update(run);
    this.more.update(run);
    this.popover.update();
    for (const card of this.cards) card.draw(run, zoom, theme);
    this.drawOwnMetrics(run);
  }

  /** What the registry has no chart for gets one each, which goes with the run. */
  private drawOwnMetrics(run: RunModel): void {
    const { zoom, theme, zoomTo, redraw } = this.page;
    for (const name of ownMetrics(run)) {
      if (this.ownCards.has(name)) continue;
      const card = new ChartCard(ownMetricChart(name, run), this.popover, zoomTo, redraw);
      this.ownCards.set(name, card);
      this.grid.append(card.element);
    }
    for (const card of this.ownCards.values()) card.draw(run, zoom, theme);
  }

  /** Another run: what was only in the last one goes. */
  forget(): void {
    for (const { element } of this.ownCards.values()) element.remove();
    this.ownCards.clear();
  }
}
