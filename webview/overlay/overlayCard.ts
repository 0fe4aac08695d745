// A chart over several runs with its frame: title, which line of each run, log scale, values under the cursor.
import {
  isNormalizable,
  labelsOf,
  linesOf,
  overlayPlan,
  type OverlaidRun,
  type OverlayOptions,
} from "./overlayPlan";
import { LineSurface, type StepRange } from "../charts/lineSurface";
import type { LineChart, Plan } from "../charts/chart";
import { h, setText } from "../dom";
import type { Drawing } from "../drawn";

/** A chart is drawn before it is scrolled to. */
const nearly = "200px";
const height = 230;

export type CardOptions = Pick<OverlayOptions, "axis" | "normalized" | "background" | "pointed">;

export class OverlayCard {
  readonly element: HTMLElement;
  private readonly host = h("div", { class: "surface", role: "img" });
  private readonly legend = h("div", { class: "legend", "aria-hidden": "true" });
  private readonly note = h("p", { class: "note" });
  private readonly title: HTMLElement;
  private readonly lineChoice: HTMLSelectElement;
  private readonly surface: LineSurface;
  private log: boolean;
  private line: string | undefined;
  private plan: Plan | undefined;
  private seen = false;

  constructor(
    private readonly chart: LineChart,
    zoomTo: (range: StepRange | undefined) => void,
    redraw: () => void,
  ) {
    this.log = chart.log === true;
    const id = `overlay-${chart.id}`;
    this.title = h("h2", { id, title: chart.about }, chart.title);
    this.lineChoice = h("select", { "aria-label": `Line of ${chart.title}` }) as HTMLSelectElement;
    this.lineChoice.addEventListener("change", () => {
      this.line = this.lineChoice.value || undefined;
      redraw();
    });
    const controls = h("span", { class: "controls" }, this.lineChoice, this.logToggle(redraw));
    this.element = h(
      "section",
      { class: "chart", "aria-labelledby": id, "data-chart": chart.id },
      h("header", {}, this.title, controls),
      this.legend,
      this.host,
      this.note,
    );
    this.surface = new LineSurface(this.host, this.legend, zoomTo);
    this.host.addEventListener("dblclick", () => zoomTo(undefined));
    const sight = new IntersectionObserver(
      (entries) => {
        this.seen = entries[entries.length - 1].isIntersecting;
        if (this.seen) redraw();
      },
      { rootMargin: nearly },
    );
    sight.observe(this.element);
  }

  private logToggle(redraw: () => void): HTMLElement | undefined {
    if (!this.chart.log) return undefined;
    const box = h("vscode-checkbox", { class: "toggle", checked: true }, "log scale");
    box.addEventListener("change", () => {
      this.log = (box as HTMLInputElement).checked;
      redraw();
    });
    return box;
  }

  draw(runs: readonly OverlaidRun[], options: CardOptions, drawing: Drawing): void {
    const { chart, log, line } = this;
    this.element.hidden = !runs.some(({ run }) => linesOf(chart, run, false).length > 0);
    if (this.element.hidden) return;
    const plan = overlayPlan(chart, runs, { ...options, log, line });
    this.plan = plan.lines.length > 0 ? plan : undefined;
    const scaled = options.normalized && isNormalizable(chart);
    setText(this.title, scaled ? `${chart.title}: as a fraction of each run's own limit` : chart.title);
    this.showChoice(labelsOf(chart, runs));
    setText(this.note, plan.lines.length > 0 ? (plan.note ?? "") : "No run shown has this line.");
    this.host.style.height = `${height}px`;
    const said = plan.lines.map(({ label, column }) => `${label} ${column.values.at(-1)}`);
    this.host.setAttribute("aria-label", `${chart.about} Latest: ${said.join("; ")}.`);
    this.zoom(drawing);
  }

  /** Draws what was planned over another part of the axis. */
  zoom({ zoom, theme }: Drawing): void {
    const width = Math.floor(this.host.clientWidth || this.element.clientWidth);
    if (!this.seen || this.element.hidden) return;
    if (this.plan) this.surface.draw(this.plan, zoom, theme, { width, height });
    else this.surface.clear();
  }

  private showChoice(labels: readonly string[]): void {
    this.lineChoice.hidden = labels.length < 2;
    const now = [...this.lineChoice.options].map(({ text }) => text);
    const wanted = ["main line", ...labels];
    if (now.join("\n") === wanted.join("\n")) return;
    this.lineChoice.replaceChildren(
      ...wanted.map((label, i) =>
        h("option", { value: i === 0 ? "" : label, selected: label === this.line }, label),
      ),
    );
  }
}
