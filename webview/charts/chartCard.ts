// A chart with its frame: title, toggles, legend, empty state; the same for every chart.
import { h, setText } from "../dom";
import type { RunModel } from "../store/runModel";
import type { Theme } from "../theme";
import type { Popover } from "../controls/popover";
import { isShown, shownLines, type Chart, type Plan } from "./chart";
import { LineSurface, type StepRange } from "./lineSurface";

/** A chart is drawn before it is scrolled to. */
const nearly = "200px";

interface CardOptions {
  readonly onZoom: (range: StepRange | undefined) => void;
  readonly redraw: () => void;
  /** Of its title; that of a chart of its own where absent. */
  readonly heading?: "h2" | "h3";
}

export class ChartCard {
  readonly element: HTMLElement;
  /** Of its picture, in CSS pixels. */
  height = 190;
  private readonly surfaceHost = h("div", { class: "surface" });
  private readonly legend: HTMLElement;
  private readonly emptyText = h("p", { class: "empty" });
  private readonly note = h("p", { class: "note" });
  private readonly lines: LineSurface | undefined;
  private readonly canvas: HTMLCanvasElement | undefined;
  private log: boolean;
  private run: RunModel | undefined;
  private plan: Plan | undefined;
  /** Whether it is on the screen, or nearly: what nobody sees is not drawn. */
  private seen = false;

  constructor(
    private readonly chart: Chart,
    popover: Popover,
    private readonly options: CardOptions,
  ) {
    const { onZoom, heading = "h2" } = options;
    this.log = chart.kind === "line" && chart.log === true;
    const titleId = `chart-${chart.id}`;
    const words = chart.kind === "canvas" ? " words" : "";
    this.legend = h("div", { class: `legend${words}`, "aria-hidden": "true" });
    this.element = h(
      "section",
      { class: "chart", "aria-labelledby": titleId, "data-chart": chart.id },
      h("header", {}, h(heading, { id: titleId }, this.title(popover)), this.toggles()),
      this.legend,
      this.surfaceHost,
      this.emptyText,
      this.note,
    );
    this.surfaceHost.setAttribute("role", "img");
    const sight = new IntersectionObserver(
      (entries) => {
        this.seen = entries[entries.length - 1].isIntersecting;
        if (this.seen) this.options.redraw();
      },
      { rootMargin: nearly },
    );
    sight.observe(this.element);
    if (chart.kind === "line") {
      this.lines = new LineSurface(this.surfaceHost, this.legend, onZoom);
      this.surfaceHost.addEventListener("dblclick", () => onZoom(undefined));
    } else {
      this.canvas = document.createElement("canvas");
      this.surfaceHost.append(this.canvas);
    }
  }

  /** The title; a click says what the chart shows and by which formulas. */
  private title(popover: Popover): HTMLElement {
    const { title, about, formulas } = this.chart;
    return popover.button({ class: "title", title: about }, [title], () =>
      this.run ? { title, about, rows: formulas(this.run) } : undefined,
    );
  }

  private toggles(): HTMLElement | undefined {
    if (this.chart.kind !== "line" || !this.chart.log) return undefined;
    const box = h("vscode-checkbox", { class: "toggle", checked: true }, "log scale");
    box.addEventListener("change", () => {
      this.log = (box as HTMLInputElement).checked;
      this.options.redraw();
    });
    return box;
  }

  draw(run: RunModel, range: StepRange | undefined, theme: Theme): void {
    this.run = run;
    this.element.hidden = !isShown(this.chart, run);
    if (this.element.hidden) return;
    this.element.style.setProperty("--picture", `${this.height}px`);
    if (this.chart.kind === "line") this.drawLines(this.chart, run, range, theme);
    else this.drawCanvas(this.chart, run, theme);
  }

  private get width(): number {
    return Math.floor(this.surfaceHost.clientWidth || this.element.clientWidth);
  }

  /** Draws what was planned over other steps. */
  zoom(range: StepRange | undefined, theme: Theme): void {
    if (this.plan && this.seen && !this.element.hidden) this.lines?.draw(this.plan, range, theme, this.size);
  }

  private get size() {
    return { width: this.width, height: this.height };
  }

  private drawLines(
    chart: Extract<Chart, { kind: "line" }>,
    run: RunModel,
    range: StepRange | undefined,
    theme: Theme,
  ): void {
    const plan = chart.plan(run, { log: this.log });
    const shown = shownLines(plan);
    this.plan = shown.length > 0 ? plan : undefined;
    this.showEmpty(shown.length === 0, chart.empty(run));
    setText(this.note, plan.note ?? "");
    if (shown.length === 0) return;
    if (this.seen) this.lines?.draw(plan, range, theme, this.size);
    const said = shown.map(
      ({ label, column }) => `${label} ${column.values.at(-1)} at step ${column.lastStep}`,
    );
    this.surfaceHost.setAttribute("aria-label", `${chart.about} Latest: ${said.join("; ")}.`);
  }

  private drawCanvas(chart: Extract<Chart, { kind: "canvas" }>, run: RunModel, theme: Theme): void {
    const has = chart.hasData(run);
    this.showEmpty(!has, chart.empty(run));
    const context = this.canvas?.getContext("2d");
    const { width, height } = this.size;
    if (!has || !context || !this.canvas || width <= 0) return;
    this.surfaceHost.setAttribute("aria-label", `${chart.about} ${chart.describe(run)}`);
    setText(this.legend, chart.describe(run));
    if (!this.seen) return;
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    chart.draw({ context, width, height }, run, theme);
  }

  private showEmpty(empty: boolean, text: string): void {
    this.element.classList.toggle("is-empty", empty);
    setText(this.emptyText, empty ? text : "");
  }
}
