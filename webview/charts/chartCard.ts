// A chart with its frame: title, tools, legend, empty state; the same for every chart.
import { h, setText } from "../dom";
import { send } from "../host";
import type { Popover } from "../controls/popover";
import type { RunModel } from "../store/runModel";
import type { View } from "../store/view";
import { isActive } from "../../src/types/runStatus";
import type { Theme } from "../theme";
import { isShown, shownLines, type CanvasChart, type Chart, type LineChart, type Plan } from "./chart";
import { copyPicture, pictureOf, pngOf } from "./chartImage";
import { ChartTools } from "./chartTools";
import { curveTable, tableElement } from "./curveTable";
import type { StepRange } from "./curves";
import { keyHelp } from "./gestures";
import { LineSurface, type Look } from "./lineSurface";
import { Maximized } from "./maximize";
import type { Playhead } from "./playhead";
import type { Trial } from "./trial";

/** A chart is drawn before it is scrolled to. */
const nearly = "200px";
/** Of a maximized chart without its picture. */
const frame = 110;

export interface CardOptions {
  readonly onZoom: (range: StepRange | undefined) => void;
  readonly redraw: () => void;
  readonly view: View;
  readonly playhead: Playhead;
  /** Where settings can be tried out. */
  readonly trial?: Trial;
  /** Of its title; that of a chart of its own where absent. */
  readonly heading?: "h2" | "h3";
  /** On a small page the scale is all there is to choose. */
  readonly small?: boolean;
}

export class ChartCard {
  readonly element: HTMLElement;
  /** Of its picture, in CSS pixels. */
  height = 190;
  private readonly surfaceHost = h("div", { class: "surface" });
  private readonly emptyText = h("p", { class: "empty" });
  private readonly note = h("p", { class: "note" });
  private readonly table = h("div", { class: "curve-table", hidden: true, tabindex: 0, role: "region" });
  private readonly said = h("span", { class: "unseen", role: "status" });
  private readonly words = h("div", { class: "legend words", "aria-hidden": "true" });
  private readonly lines: LineSurface | undefined;
  private readonly canvas: HTMLCanvasElement | undefined;
  private readonly tools: ChartTools;
  private readonly large = new Maximized(() => this.options.redraw());
  private run: RunModel | undefined;
  private plan: Plan | undefined;
  private theme: Theme | undefined;
  private range: StepRange | undefined;
  /** Whether it is on the screen, or nearly: what nobody sees is not drawn. */
  private seen = false;
  private withTable = false;
  /** Ends what it listens to. */
  private readonly ends: (() => void)[] = [];
  /** In CSS pixels. */
  private width = 0;
  /** The run whose readings were awaited here: its place stays as large as the picture that may come. */
  private awaited: string | undefined;

  constructor(
    private readonly chart: Chart,
    popover: Popover,
    private readonly options: CardOptions,
  ) {
    const { heading = "h2", view, onZoom, playhead } = options;
    const titleId = `chart-${chart.id}`;
    if (chart.kind === "line") {
      this.lines = new LineSurface(this.surfaceHost, {
        onZoom,
        playhead,
        onToggle: (label) => this.toggle(label),
        onSay: (words) => setText(this.said, words),
      });
      this.surfaceHost.tabIndex = 0;
    } else {
      this.canvas = document.createElement("canvas");
      this.surfaceHost.append(this.canvas);
      if (chart.pick && options.trial) this.pickFrom(this.canvas, chart, options.trial);
    }
    // Its keys are its own: a screen reader hands them on.
    this.surfaceHost.setAttribute("role", chart.kind === "line" ? "application" : "img");
    this.tools = new ChartTools(chart.title, this.actions(view));
    this.element = h(
      "section",
      { class: "chart", "aria-labelledby": titleId, "data-chart": chart.id },
      h("header", {}, h(heading, { id: titleId }, this.title(popover)), this.tools.element),
      this.lines?.legend.element ?? this.words,
      this.surfaceHost,
      this.emptyText,
      this.note,
      this.table,
      this.said,
    );
    this.table.setAttribute("aria-label", `Readings of ${chart.title}`);
    this.ends.push(playhead.onMove(() => this.marksMoved()));
    if (options.trial) this.ends.push(options.trial.onChange(() => this.marksMoved()));
    const sight = new IntersectionObserver(
      (entries) => {
        this.seen = entries[entries.length - 1].isIntersecting;
        if (this.seen) this.options.redraw();
      },
      { rootMargin: nearly },
    );
    sight.observe(this.element);
    this.ends.push(() => sight.disconnect());
    // Told, not asked: a question in every frame of a zoom would lay the page out once more each time.
    const size = new ResizeObserver(([{ contentRect }]) => {
      const width = Math.floor(contentRect.width);
      if (width === 0 || width === this.width) return;
      this.width = width;
      this.options.redraw();
    });
    size.observe(this.element);
    this.ends.push(() => size.disconnect());
  }

  /** The title; a click says what the chart shows and by which formulas. */
  private title(popover: Popover): HTMLElement {
    const { title, about, formulas } = this.chart;
    return popover.button({ class: "title", title: about }, [title], () =>
      this.run ? { title, about, rows: formulas(this.run) } : undefined,
    );
  }

  /** A drag on the picture tries out what lies there. */
  private pickFrom(canvas: HTMLCanvasElement, chart: CanvasChart, trial: Trial): void {
    const pick = ({ clientX, clientY }: PointerEvent): void => {
      const { left, top } = canvas.getBoundingClientRect();
      const spot = { x: clientX - left, y: clientY - top };
      const settings = this.run && chart.pick?.(this.size, this.run, spot);
      if (settings) trial.set(settings);
    };
    canvas.style.cursor = "crosshair";
    canvas.style.touchAction = "none";
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      pick(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) pick(event);
    });
  }

  private actions(view: View) {
    const { chart, options } = this;
    const change = (part: Parameters<View["changeChart"]>[1]): void => {
      view.changeChart(chart.id, part);
      options.redraw();
    };
    return {
      ...(chart.kind === "line" && {
        line: {
          setLog: (log: boolean) => change({ log }),
          setLogSteps: (logSteps: boolean) => {
            view.change({ logSteps });
            options.redraw();
          },
          setSmoothing: (smoothing: number) => change({ smoothing }),
          setTable: (shown: boolean) => {
            this.withTable = shown;
            options.redraw();
          },
          reset: () => this.lines?.reset(),
        },
      }),
      ...(!options.small && {
        picture: {
          maximize: () => this.large.toggle(this.element, chart.title),
          copy: () => this.copy(),
          save: () => this.save(),
        },
      }),
    };
  }

  private toggle(label: string): void {
    const { view, redraw } = this.options;
    const off = view.chart(this.chart.id).off ?? [];
    const others = off.filter((one) => one !== label);
    view.changeChart(this.chart.id, { off: others.length < off.length ? others : [...off, label] });
    redraw();
  }

  private get log(): boolean {
    return (
      this.options.view.chart(this.chart.id).log ?? (this.chart.kind === "line" && this.chart.log === true)
    );
  }

  draw(run: RunModel, range: StepRange | undefined, theme: Theme): void {
    [this.run, this.theme, this.range] = [run, theme, range];
    this.element.hidden = !isShown(this.chart, run) && !this.large.isLarge;
    if (this.element.hidden) return;
    this.element.style.setProperty("--picture", `${this.pictureHeight}px`);
    const { smoothing = 0 } = this.options.view.chart(this.chart.id);
    const { logSteps } = this.options.view.state;
    this.tools.update({
      log: this.log,
      logSteps,
      smoothing,
      table: this.withTable,
      large: this.large.isLarge,
    });
    if (this.chart.kind === "line") this.drawLines(this.chart, run);
    else this.drawCanvas(this.chart, run, theme);
  }

  /** Draws what was planned over other steps. */
  zoom(range: StepRange | undefined, theme: Theme): void {
    [this.range, this.theme] = [range, theme];
    if (!this.plan || !this.seen || this.element.hidden) return;
    this.lines?.draw(this.plan, this.look(theme));
    this.showTable();
  }

  private marksMoved(): void {
    if (!this.seen || this.element.hidden || !this.run || !this.theme) return;
    if (this.chart.kind === "line") this.lines?.playheadMoved();
    else this.drawCanvas(this.chart, this.run, this.theme);
  }

  private get pictureHeight(): number {
    return this.large.isLarge ? Math.max(this.height, innerHeight - frame) : this.height;
  }

  private look(theme: Theme): Look {
    const { view } = this.options;
    const { smoothing = 0, off = [] } = view.chart(this.chart.id);
    return {
      range: this.range,
      theme,
      size: this.size,
      logSteps: view.state.logSteps,
      smoothing,
      off,
    };
  }

  private get size() {
    return { width: this.width, height: this.pictureHeight };
  }

  private drawLines(chart: LineChart, run: RunModel): void {
    const plan = { ...chart.plan(run, { log: this.log }), log: this.log };
    const shown = shownLines(plan);
    this.plan = shown.length > 0 ? plan : undefined;
    this.showEmpty(shown.length === 0, run);
    setText(this.note, plan.note ?? "");
    if (shown.length === 0) return;
    if (this.seen && this.theme) this.lines?.draw(plan, this.look(this.theme));
    const said = shown.map(
      ({ label, column }) => `${label} ${column.values.at(-1)} at step ${column.lastStep}`,
    );
    this.surfaceHost.setAttribute("aria-label", `${chart.about} Latest: ${said.join("; ")}. ${keyHelp}`);
    this.showTable();
  }

  private showTable(): void {
    this.table.hidden = !this.withTable || !this.plan;
    if (this.table.hidden || !this.plan) return;
    const { off = [] } = this.options.view.chart(this.chart.id);
    this.table.replaceChildren(tableElement(curveTable(this.plan, this.range, off), this.chart.title));
  }

  private drawCanvas(chart: CanvasChart, run: RunModel, theme: Theme): void {
    const has = chart.hasData(run);
    this.showEmpty(!has, run);
    const context = this.canvas?.getContext("2d");
    if (!has || !context || !this.canvas) return;
    this.surfaceHost.setAttribute("aria-label", `${chart.about} ${chart.describe(run)}`);
    setText(this.words, chart.describe(run));
    if (!this.seen) return;
    const { width, height } = this.size;
    if (width <= 0) return;
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const { playhead, trial } = this.options;
    chart.draw({ context, width, height }, run, theme, { step: playhead.step, trial: trial?.settings });
  }

  private picture(): HTMLCanvasElement | undefined {
    const canvas = this.lines ? this.lines.canvas : this.canvas;
    if (!canvas || !this.theme) return undefined;
    const legend = this.lines ? this.lines.legend.texts : (this.words.textContent ?? "");
    return pictureOf({ title: this.chart.title, legend, canvas }, this.theme);
  }

  /** Where the clipboard takes no picture, the host is asked to save it. */
  private async copy(): Promise<string> {
    const picture = this.picture();
    if (!picture) return "Nothing drawn";
    try {
      await copyPicture(picture);
      return "Copied";
    } catch {
      this.save();
      return "Saving instead";
    }
  }

  private save(): void {
    const picture = this.picture();
    if (!picture || !this.run) return;
    const name = `${this.run.info.experiment.name}-${this.chart.id}.png`;
    send({ kind: "saveImage", run: this.run.key, name, png: pngOf(picture) });
  }

  /** Takes it off the page for good. */
  dispose(): void {
    this.large.close();
    for (const end of this.ends) end();
    this.lines?.clear();
    this.element.remove();
  }

  private showEmpty(empty: boolean, run: RunModel): void {
    const text = this.chart.empty(run);
    if (isActive(run.status)) this.awaited = run.key;
    this.element.classList.toggle("is-empty", empty);
    this.element.classList.toggle("is-awaited", empty && this.awaited === run.key);
    setText(this.emptyText, empty ? text : "");
  }
}
