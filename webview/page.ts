// What every page does: the host's messages fold into its state, and the state is drawn at most once a frame, in the theme of the moment.
import { Drawn } from "./drawn";
import { connect, listen, pageWire, send } from "./host";
import { apply, emptyState } from "./store/panelState";
import { onThemeChange } from "./theme";
import { registerToolkit } from "./toolkit";

/**
 * Milliseconds in which the readings of a run are there that was told to be shown. Drawn without them, its charts would be hidden and
 * shown anew: three frames of layout more until the first curve.
 */
const readingsFollow = 100;

export class Page extends Drawn {
  readonly state = emptyState();
  private parts: () => void = () => undefined;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    connect(pageWire());
  }

  protected draw(): void {
    this.parts();
  }

  /** Puts the parts on the page and asks the host for what they show. `onRun`: another run than before. */
  start(parts: readonly HTMLElement[], draw: () => void, onRun: () => void = () => undefined): void {
    this.parts = draw;
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
      clearTimeout(this.waiting);
      if (message.kind === "select" && message.run) this.waiting = setTimeout(this.redraw, readingsFollow);
      else this.redraw();
    });
    onThemeChange(this.themed);
    new ResizeObserver(this.redraw).observe(document.body);
    // "2 min ago" says so for a minute. A hidden page is none.
    setInterval(this.redraw, 30_000);
    this.redraw();
    send({ kind: "ready" });
  }
}
