// Page object of a page of Basin's that shows a run, which lives in a frame of a frame: the panel, the view in the bottom panel, the form of a file.
import type { FrameLocator, Locator, Page } from "playwright-core";

/** How VS Code marks the frame of each; that of a panel it does not mark. */
const marks = {
  panel: ":not([src*='purpose='])",
  view: "[src*='purpose=webviewView']",
  /** Unmarked like a panel; of several the one in sight. */
  dashboard: ":visible:not([src*='purpose='])",
  /** Where there is no other page: a view shown again has lost its mark. */
  only: "",
} as const;

export class Panel {
  private readonly frame: FrameLocator;

  constructor(
    page: Page,
    private readonly kind: keyof typeof marks = "panel",
  ) {
    this.frame = page
      .locator(`iframe.webview.ready:not([style*='hidden'])${marks[kind]}`)
      .last()
      .contentFrame()
      .locator("iframe#active-frame")
      .contentFrame();
  }

  /** The colour behind it, the page itself being transparent. */
  get behind(): string {
    return this.kind === "panel" || this.kind === "dashboard"
      ? "--vscode-editor-background"
      : "--vscode-panel-background";
  }

  get status(): Locator {
    return this.frame.locator(".top .status");
  }

  /** The name of the run shown; a click asks for another one. */
  get picker(): Locator {
    return this.frame.locator(".top .picker");
  }

  get banner(): Locator {
    return this.frame.locator(".banner");
  }

  get welcome(): Locator {
    return this.frame.locator(".welcome");
  }

  get progress(): Locator {
    return this.frame.locator(".progress-text");
  }

  get details(): Locator {
    return this.frame.locator(".popover");
  }

  /** The button of a number: a tile of a brief page, in the panel the name in the table of all numbers, which must be open. */
  metric(name: string): Locator {
    return this.frame.locator(`:is(.numbers, .numbers-table) button[data-metric="${name}"]`);
  }

  /** The table of all numbers, which is closed at first. */
  get numbers(): Locator {
    return this.frame.locator(".numbers-table");
  }

  /** Opens that table where it is closed. */
  async showNumbers(): Promise<void> {
    const { numbers } = this;
    await numbers.waitFor();
    if (!(await numbers.locator("table").isVisible())) await numbers.locator("summary").click();
    await numbers.locator("table").waitFor();
  }

  /** A row of that table, by its metric. */
  numberRow(name: string): Locator {
    return this.numbers.locator("tr", { has: this.frame.locator(`button[data-metric="${name}"]`) });
  }

  /** The title of a chart; a click says what it shows. */
  chartTitle(id: string): Locator {
    return this.chart(id).locator(".title");
  }

  /** Charts under one heading. */
  group(id: string): Locator {
    return this.frame.locator(`.group[data-group="${id}"]`);
  }

  /** A number of the verdict. */
  fact(label: string): Locator {
    return this.frame.locator(".banner .fact", { hasText: label });
  }

  chart(id: string): Locator {
    return this.frame.locator(`.chart[data-chart="${id}"]`);
  }

  /** Scrolls to a chart, which is drawn only in sight, and waits for its picture. */
  async picture(id: string): Promise<void> {
    await this.chart(id).scrollIntoViewIfNeeded();
    await this.chart(id).locator("canvas").first().waitFor();
  }

  /** The section from stability to generalization. */
  get chain(): Locator {
    return this.frame.locator(".chain");
  }

  /** The offer to measure something more. */
  more(probe: string): Locator {
    return this.frame.locator(`.more button[data-probe="${probe}"]`);
  }

  /** Anything on the page, by its selector. */
  find(selector: string): Locator {
    return this.frame.locator(selector);
  }

  /** A key of the form, by its path. */
  field(key: string): Locator {
    return this.frame.locator(`.field[data-key="${key}"]`);
  }

  /** What a key of the form is typed or chosen in. */
  control(key: string): Locator {
    return this.field(key).locator("input, select, textarea");
  }

  button(name: "Stop" | "Resume" | "Run" | "Open as Text"): Locator {
    return this.frame.locator("vscode-button", { hasText: name });
  }

  /** The step the panel says the run is at. */
  async step(): Promise<number> {
    const text = await this.progress.innerText();
    return Number(/step\s([\d,]+)/.exec(text)?.[1].replace(/,/g, "") ?? NaN);
  }
}
