// What every page does: the host's messages fold into its state, and the state is drawn at most once a frame, in the theme of the moment.
import type { StepRange } from "./charts/lineSurface";
import { connect, listen, pageWire, send } from "./host";
import { apply, emptyState } from "./store/panelState";
import { onThemeChange, readTheme, type Theme } from "./theme";
import { registerToolkit } from "./toolkit";

/** What a chart is drawn with. */
export interface Drawing {
  readonly theme: Theme;
  /** The steps that every chart shows; all of them where undefined. */
  readonly zoom: StepRange | undefined;
  readonly zoomTo: (range: StepRange | undefined) => void;
  readonly redraw: () => void;
}

export class Page implements Drawing {
  readonly state = emptyState();
  theme = readTheme();
  zoom: StepRange | undefined;
  private frame = 0;
  private draw: () => void = () => undefined;

  readonly redraw = (): void => {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  };

  readonly zoomTo = (range: StepRange | undefined): void => {
    this.zoom = range;
    this.redraw();
  };

  /** Puts the parts on the page and asks the host for what they show. `onRun`: another run than before. */
  start(parts: readonly HTMLElement[], draw: () => void, onRun: () => void = () => undefined): void {
    this.draw = draw;
    connect(pageWire());
    registerToolkit();
    document.getElementById("basin")?.append(...parts);
    listen((message) => {
      const before = this.state.selected?.key;
      apply(this.state, message);
      if (message.kind === "series") send({ kind: "received" });
      if (this.state.selected?.key !== before) {
        this.zoom = undefined;
        onRun();
      }
      this.redraw();
    });
    onThemeChange(() => {
      this.theme = readTheme();
      this.redraw();
    });
    new ResizeObserver(this.redraw).observe(document.body);
    // "2 min ago" says so for a minute. A hidden page is none.
    setInterval(this.redraw, 30_000);
    this.redraw();
    send({ kind: "ready" });
  }
}
