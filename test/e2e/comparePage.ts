// Page object of the editor tab that draws runs over one another.
import { setTimeout } from "node:timers/promises";
import type { FrameLocator, Locator, Page } from "playwright-core";

export class ComparePage {
  private readonly frame: FrameLocator;

  constructor(page: Page) {
    this.frame = page
      .locator("iframe.webview.ready:not([style*='hidden']):visible:not([src*='purpose='])")
      .last()
      .contentFrame()
      .locator("iframe#active-frame")
      .contentFrame();
  }

  /** The row that says which line a run is. */
  run(text: string | RegExp): Locator {
    return this.frame.locator(".legend-table tbody tr", { hasText: text }).first();
  }

  get runs(): Locator {
    return this.frame.locator(".legend-table tbody tr");
  }

  /** Its colour and letter. */
  letter(text: string | RegExp): Locator {
    return this.run(text).locator(".letter");
  }

  async letterOf(text: string): Promise<string> {
    return (await this.letter(text).innerText()).trim();
  }

  chart(id: string): Locator {
    return this.frame.locator(`.chart[data-chart="${id}"]`);
  }

  /** What the chart says of its lines to those who cannot see them. */
  async said(id: string): Promise<string> {
    return (await this.chart(id).locator(".surface").getAttribute("aria-label")) ?? "";
  }

  /** Waits until a chart draws so many runs. */
  async drawn(id: string, runs: number): Promise<void> {
    const drawn = async () => (await this.said(id)).split("Latest: ")[1]?.match(/[A-T] /g)?.length ?? 0;
    for (const end = Date.now() + 90_000; (await drawn()) !== runs; await setTimeout(50))
      if (Date.now() > end)
        throw new Error(`${id} draws ${await drawn()} runs, not ${runs}: ${await this.said(id)}`);
  }

  find(selector: string): Locator {
    return this.frame.locator(selector);
  }
}
