// Page object of the view with the table of runs.
import type { FrameLocator, Locator, Page } from "playwright-core";

export class RunsTable {
  private readonly frame: FrameLocator;

  constructor(page: Page) {
    this.frame = page
      .locator("iframe.webview.ready:not([style*='hidden'])[src*='purpose=webviewView']")
      .last()
      .contentFrame()
      .locator("iframe#active-frame")
      .contentFrame();
  }

  get grid(): Locator {
    return this.frame.locator("[role=treegrid]");
  }

  get filter(): Locator {
    return this.frame.locator("input.filter");
  }

  /** "12 of 1000 runs". */
  get count(): Locator {
    return this.frame.locator(".count");
  }

  /** What is wrong with the filter. */
  get problem(): Locator {
    return this.frame.locator(".problem");
  }

  /** The line of a run, as far as it is in sight. */
  row(text: string | RegExp): Locator {
    return this.frame.locator(".rows .row:not([hidden])", { hasText: text }).first();
  }

  /** Lines from the top down, as they are on the page. */
  async names(): Promise<string[]> {
    const lines = await this.frame
      .locator(".rows .row:not([hidden])")
      .evaluateAll((rows) =>
        rows
          .map(
            (row) =>
              [
                Number(row.getAttribute("aria-rowindex")),
                row.querySelector(".name")?.textContent ?? "",
              ] as const,
          )
          .sort((a, b) => a[0] - b[0]),
      );
    return lines.map(([, name]) => name);
  }

  heading(title: string): Locator {
    return this.frame.locator("[role=columnheader]", { hasText: title }).first();
  }

  button(text: string): Locator {
    return this.frame.locator(".tools button", { hasText: text });
  }

  get groups(): Locator {
    return this.frame.locator(".tools select");
  }

  /** Anything on the page, by its selector. */
  find(selector: string): Locator {
    return this.frame.locator(selector);
  }
}
