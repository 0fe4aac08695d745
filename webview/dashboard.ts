// Entry of the dashboard: an experiment file as a form, beside the verdict and charts of its run; narrow, one at a time.
import "uplot/dist/uPlot.min.css";
import "./styles.css";
import "./dashboard.css";
import { RunTitle } from "./controls/runTitle";
import { commandButton } from "./controls/commandButton";
import { h, setText } from "./dom";
import { ExperimentFormView } from "./form/experimentFormView";
import { Page } from "./page";
import { RunBody } from "./runBody";

const page = new Page();
const title = new RunTitle();
const body = new RunBody(page, title.element);
const form = new ExperimentFormView();
const file = h("h1");
const run = commandButton("Run", "primary", "run");
const text = commandButton("Open as Text", "secondary", "openText");
const nothing = h(
  "p",
  { class: "nothing" },
  "No run of this file yet. Run it: loss, sharpness and verdict appear here.",
);
const runPane = h("section", { class: "run", "aria-label": "Run" }, nothing, body.element);

/** Narrow there is room for one of them. */
const views = { settings: "Settings", run: "Run" } as const;
type View = keyof typeof views;
const tabs = Object.entries(views).map(([view, name]) => {
  const tab = h("button", { type: "button", role: "tab", "data-view": view }, name);
  tab.addEventListener("click", () => show(view as View));
  return tab;
});
const tabList = h("div", { class: "tabs", role: "tablist", "aria-label": "Shown" }, ...tabs);
const bar = h("header", { class: "file" }, file, run, text, tabList);
const dashboard = h("div", { class: "dashboard" }, bar, form.element, runPane);

function show(view: View): void {
  dashboard.dataset.view = view;
  for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.view === view));
  page.redraw();
}
show("settings");
run.addEventListener("click", () => show("run"));

function draw(): void {
  const { selected, loaded, file: name, form: state } = page.state;
  setText(file, name ?? "");
  if (state) form.update(state);
  run.toggleAttribute("disabled", state?.trusted !== true);
  run.title = state?.trusted === false ? "Nothing trains in an untrusted workspace" : "Train this experiment";
  nothing.hidden = !loaded || selected !== undefined;
  body.element.hidden = selected === undefined;
  if (selected) body.draw(selected);
  if (selected) title.update(selected);
}

page.start([dashboard], draw, () => body.forget());
