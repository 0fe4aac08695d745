// Entry of the panel: messages fold into the state, and the state is drawn at most once a frame.
import "uplot/dist/uPlot.min.css";
import "./styles.css";
import { charts } from "./charts";
import { ChartCard } from "./charts/chartCard";
import { ownMetricChart, ownMetrics } from "./charts/ownMetrics";
import type { StepRange } from "./charts/lineSurface";
import { Banner } from "./controls/banner";
import { Chain } from "./controls/chain";
import { Header } from "./controls/header";
import { More } from "./controls/more";
import { Numbers } from "./controls/numbers";
import { Popover } from "./controls/popover";
import { ProgressBar } from "./controls/progressBar";
import { h } from "./dom";
import { listen, send } from "./host";
import { welcome } from "./controls/welcome";
import { apply, emptyState } from "./store/panelState";
import type { RunModel } from "./store/runModel";
import { onThemeChange, readTheme } from "./theme";
import { registerToolkit } from "./toolkit";

registerToolkit();

const state = emptyState();
let theme = readTheme();
let zoom: StepRange | undefined;
let frame = 0;

const header = new Header();
const progress = new ProgressBar();
const popover = new Popover();
const banner = new Banner(popover);
const numbers = new Numbers(popover);
const chain = new Chain(popover);
const more = new More();
const cards = charts.map((chart) => new ChartCard(chart, popover, zoomTo, redraw));
const ownCards = new Map<string, ChartCard>();
const grid = h("div", { class: "charts" }, ...cards.map(({ element }) => element));
const hint = h("button", { class: "link zoom", type: "button", hidden: true }, "Show all steps");
const body = h(
  "div",
  { class: "body" },
  header.element,
  banner.element,
  progress.element,
  numbers.element,
  hint,
  grid,
  chain.element,
  more.element,
  popover.element,
);
document.getElementById("basin")?.append(body, welcome);

function zoomTo(range: StepRange | undefined): void {
  zoom = range;
  redraw();
}

function redraw(): void {
  frame ||= requestAnimationFrame(draw);
}

function draw(): void {
  frame = 0;
  const { selected, loaded } = state;
  welcome.hidden = !loaded || selected !== undefined;
  body.hidden = selected === undefined;
  hint.hidden = zoom === undefined;
  if (!selected) return;
  header.update(state);
  banner.update(selected);
  progress.update(selected);
  numbers.update(selected);
  chain.update(selected);
  more.update(selected);
  popover.update();
  for (const card of cards) card.draw(selected, zoom, theme);
  drawOwnMetrics(selected);
}

/** What the registry has no chart for gets one each, which goes with the run. */
function drawOwnMetrics(run: RunModel): void {
  for (const name of ownMetrics(run)) {
    if (ownCards.has(name)) continue;
    const card = new ChartCard(ownMetricChart(name, run), popover, zoomTo, redraw);
    ownCards.set(name, card);
    grid.append(card.element);
  }
  for (const card of ownCards.values()) card.draw(run, zoom, theme);
}

function forgetOwnMetrics(): void {
  for (const { element } of ownCards.values()) element.remove();
  ownCards.clear();
}

hint.addEventListener("click", () => zoomTo(undefined));
listen((message) => {
  const before = state.selected?.key;
  apply(state, message);
  if (message.kind === "series") send({ kind: "received" });
  if (state.selected?.key !== before) {
    zoom = undefined;
    forgetOwnMetrics();
  }
  redraw();
});
onThemeChange(() => {
  theme = readTheme();
  redraw();
});
new ResizeObserver(redraw).observe(grid);
redraw();
send({ kind: "ready" });
