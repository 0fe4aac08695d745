// Something that draws a run: at most once a frame, in the theme of the moment, its charts over the same steps.
import type { StepRange } from "./charts/curves";
import { View } from "./store/view";
import { readTheme, type Theme } from "./theme";

/** What a chart is drawn with. */
export interface Drawing {
  readonly theme: Theme;
  /** The steps that every chart shows; all of them where undefined. */
  readonly zoom: StepRange | undefined;
  readonly zoomTo: (range: StepRange | undefined) => void;
  readonly redraw: () => void;
  /** How it is looked at. */
  readonly view: View;
  /** Whether the steps shown are all that is new since the last drawing: words and plans stand as they are. */
  readonly onlyZoomed: boolean;
}

export abstract class Drawn implements Drawing {
  theme = readTheme();
  zoom: StepRange | undefined;
  onlyZoomed = false;
  readonly view = new View();
  private stale = true;
  private frame = 0;

  readonly redraw = (): void => {
    this.stale = true;
    this.atNextFrame();
  };

  readonly zoomTo = (range: StepRange | undefined): void => {
    this.zoom = range;
    this.atNextFrame();
  };

  private atNextFrame(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.onlyZoomed = !this.stale;
      this.stale = false;
      this.draw();
    });
  }

  /** The editor's theme is another one. */
  readonly themed = (): void => {
    this.theme = readTheme();
    this.redraw();
  };

  protected abstract draw(): void;
}
