// Everything there is to see of one run, the answer first: verdict, progress, the one chart it rests on, then charts in groups, all numbers on demand, and what else can be measured.
import { charts } from "./charts";
import { ChartCard } from "./charts/chartCard";
import { fractions } from "./charts/fractions";
import { groups, type GroupId } from "./charts/groups";
import { ownMetricChart, ownMetrics } from "./charts/ownMetrics";
import type { Chart } from "./charts/chart";
import { Playhead } from "./charts/playhead";
import { Trial } from "./charts/trial";
import { Banner } from "./controls/banner";
import { Chain } from "./controls/chain";
import { ChartGroup } from "./controls/chartGroup";
import { More } from "./controls/more";
import { NumbersTable } from "./controls/numbersTable";
import { Popover } from "./controls/popover";
import { ProgressBar } from "./controls/progressBar";
import { WhatIf } from "./controls/whatIf";
import { h } from "./dom";
import type { Page } from "./page";
import type { RunModel } from "./store/runModel";

/** What the verdict is about in one picture. */
const headline = fractions;

export class RunBody {
  private readonly popover = new Popover();
  private readonly banner = new Banner(this.popover);
  private readonly progress = new ProgressBar();
  private readonly numbers: NumbersTable;
  private readonly chain = new Chain(this.popover);
  private readonly more = new More();
  private readonly playhead = new Playhead();
  private readonly trial = new Trial();
  private readonly whatIf = new WhatIf(this.trial, this.playhead);
  private readonly headline: ChartCard;
  private readonly groups: ReadonlyMap<GroupId, ChartGroup>;
  private readonly cards = new Map<string, { readonly card: ChartCard; readonly group: GroupId }>();
  private readonly hint = h("button", { class: "zoom", type: "button", hidden: true }, "Show all steps");
  readonly element: HTMLElement;

  /** @param header  What stands above the verdict. */
  constructor(
    private readonly page: Page,
    header: HTMLElement,
  ) {
    this.numbers = new NumbersTable(this.popover, page.view);
    this.groups = new Map(groups.map((one) => [one.id, new ChartGroup(one, page.view, page.redraw)]));
    this.headline = this.cardOf(headline, "h2");
    for (const chart of charts) if (chart !== headline) this.add(chart);
    this.groups.get("stability")?.add(this.whatIf.element);
    this.hint.addEventListener("click", () => page.zoomTo(undefined));
    const first = h("div", { class: "charts headline" }, this.headline.element);
    this.element = h(
      "div",
      { class: "body" },
      header,
      this.banner.element,
      this.progress.element,
      first,
      this.numbers.element,
      ...[...this.groups.values()].map(({ element }) => element),
      this.chain.element,
      this.more.element,
      this.hint,
      this.popover.element,
    );
    new ResizeObserver(page.redraw).observe(first);
  }

  private cardOf(chart: Chart, heading: "h2" | "h3"): ChartCard {
    const { zoomTo, redraw, view } = this.page;
    const { playhead, trial } = this;
    return new ChartCard(chart, this.popover, { onZoom: zoomTo, redraw, heading, view, playhead, trial });
  }

  private add(chart: Chart): void {
    const card = this.cardOf(chart, "h3");
    this.cards.set(chart.id, { card, group: chart.group });
    this.groups.get(chart.group)?.grid.append(card.element);
  }

  draw(run: RunModel): void {
    const { zoom, theme } = this.page;
    this.hint.hidden = zoom === undefined;
    if (this.page.onlyZoomed) {
      this.headline.zoom(zoom, theme);
      for (const { card } of this.cards.values()) card.zoom(zoom, theme);
      return;
    }
    this.banner.update(run);
    this.progress.update(run);
    this.numbers.update(run);
    this.chain.update(run);
    this.more.update(run);
    this.whatIf.update(run);
    this.popover.update();
    this.headline.draw(run, zoom, theme);
    // What the registry has no chart for gets one each, which goes with the run.
    for (const name of ownMetrics(run)) {
      const chart = ownMetricChart(name, run);
      if (!this.cards.has(chart.id)) this.add(chart);
    }
    const shown = new Set<GroupId>();
    for (const { card, group } of this.cards.values()) {
      card.draw(run, zoom, theme);
      if (!card.element.hidden) shown.add(group);
    }
    for (const [id, group] of this.groups) group.update(shown.has(id));
  }

  /** Brings a chart into sight, its group opened. */
  reveal(id: string): void {
    const found = this.cards.get(id);
    if (!found) return;
    this.page.view.close(found.group, false);
    this.groups.get(found.group)?.update(true);
    found.card.element.scrollIntoView({ block: "center" });
  }

  /** Another run: what was only in the last one goes. */
  forget(): void {
    this.playhead.keep(undefined);
    this.trial.set(undefined);
    this.numbers.forget();
    for (const [id, { card, group }] of this.cards) {
      if (group !== "own") continue;
      card.dispose();
      this.cards.delete(id);
    }
  }
}
