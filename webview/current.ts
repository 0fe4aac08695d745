// Entry of the view in the bottom panel: the run of the file being edited, in brief. A click opens it in the panel.
import "uplot/dist/uPlot.min.css";
import "./styles.css";
import "./current.css";
import { ChartCard } from "./charts/chartCard";
import { fractions } from "./charts/fractions";
import { loss } from "./charts/loss";
import { Banner } from "./controls/banner";
import { commandButton } from "./controls/commandButton";
import { Numbers } from "./controls/numbers";
import { Popover } from "./controls/popover";
import { ProgressBar } from "./controls/progressBar";
import { RunTitle } from "./controls/runTitle";
import { h, setText } from "./dom";
import { send } from "./host";
import { Page } from "./page";

/** What decides, and what it decides about. */
const shownNumbers = ["loss.train", "sharpness", "stability.limit", "stability.growth"];
/** Beside one another from this width on, as in current.css. */
const wide = 620;
/** Of a chart's card without its picture. */
const frame = 74;

const page = new Page();
const popover = new Popover();
const title = new RunTitle();
const banner = new Banner(popover, { brief: true });
const progress = new ProgressBar({ brief: true });
const numbers = new Numbers(popover, shownNumbers);
const cards = [fractions, loss].map((chart) => new ChartCard(chart, popover, page.zoomTo, page.redraw));
const grid = h("div", { class: "charts" }, ...cards.map(({ element }) => element));
const said = h("div", { class: "said" }, title.element, banner.element, progress.element, numbers.element);
const body = h("div", { class: "current" }, said, grid, popover.element);
const nothing = h("p");
const empty = h(
  "div",
  { class: "nothing", hidden: true },
  nothing,
  commandButton("Run Experiment", "primary", "run"),
);

function draw(): void {
  const { selected, loaded, file } = page.state;
  empty.hidden = !loaded || selected !== undefined;
  body.hidden = selected === undefined;
  setText(nothing, file === undefined ? "No run yet." : `No run of ${file} yet.`);
  if (!selected) return;
  title.update(selected);
  banner.update(selected);
  progress.update(selected);
  numbers.update(selected);
  popover.update();
  for (const card of cards) {
    card.height = innerWidth < wide ? 130 : Math.max(90, Math.min(innerHeight - frame, 320));
    card.draw(selected, page.zoom, page.theme);
  }
}

/** On the picture itself; dragging over it zooms, and is no click. */
grid.addEventListener("click", ({ target }) => {
  const run = page.state.selected?.key;
  if (run !== undefined && target instanceof Element && target.closest(".u-over"))
    send({ kind: "openPanel", run });
});
page.start([body, empty], draw);
