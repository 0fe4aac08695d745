// A chart over several runs with its frame: title, which line of each run, log scale, values under the cursor.
import {
  isNormalizable,
  labelsOf,
  linesOf,
  overlayPlan,
  type OverlaidRun,
  type OverlayOptions,
} from "./overlayPlan";
import type { StepRange } from "../charts/curves";
import { LineSurface } from "../charts/lineSurface";
import type { Playhead } from "../charts/playhead";
import type { LineChart, Plan } from "../charts/chart";
import { h, setText } from "../dom";
import type { Drawing } from "../drawn";

/** A chart is drawn before it is scrolled to. */
const nearly = "200px";
const height = 230;

export type CardOptions = Pick<OverlayOptions, "axis" | "normalized" | "background" | "pointed">;

export interface OverlayActions {
  readonly zoomTo: (range: StepRange | undefined) => void;
  readonly redraw: () => void;
  readonly playhead: Playhead;
  /** Hides the run of a letter, or shows it. */
  readonly toggle: (letter: string) => void;
}

export class OverlayCard {
  readonly element: HTMLElement;
  private readonly host = h("div", { class: "surface", role: "application", tabindex: 0 });
  private readonly said = h("span", { class: "unseen", role: "status" });
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
    { zoomTo, redraw, playhead, toggle }: OverlayActions,
  ) {
    this.log = chart.log === true;
    const id = `overlay-${chart.id}`;
    this.title = h("h2", { id, title: chart.about }, chart.title);
    this.lineChoice = h("select", { "aria-label": `Line of ${chart.title}` }) as HTMLSelectElement;
    this.lineChoice.addEventListener("change", () => {
      this.line = this.lineChoice.value || undefined;
      redraw();
    });
    this.surface = new LineSurface(this.host, {
      onZoom: zoomTo,
      onToggle: toggle,
      onSay: (words) => setText(this.said, words),
      playhead,
    });
    const controls = h("span", { class: "controls" }, this.lineChoice, this.logToggle(redraw));
    this.element = h(
      "section",
      { class: "chart", "aria-labelledby": id, "data-chart": chart.id },
      h("header", {}, this.title, controls),
      this.surface.legend.element,
      this.host,
      this.note,
      this.said,
    );
    playhead.onMove(() => this.surface.playheadMoved());
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
    const look = { range: zoom, theme, size: { width, height }, logSteps: false, smoothing: 0, off: [] };
    if (this.plan) this.surface.draw(this.plan, look);
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
