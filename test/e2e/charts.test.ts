// Scenarios of the panel's order and its charts: the answer first, nothing moves, groups and lines that stay as they were left, tools, keys and the playhead.
import { expect, test } from "vitest";
import { fileOf, writeExperiments } from "./experiments";
import type { Panel } from "./panelPage";
import { inVsCode, openVsCode } from "./scenario";
import type { Workbench } from "./workbench";

/** What VS Code has around the page of a panel: its bars, tabs and status. */
const around = { width: 48, height: 92 } as const;

inVsCode("The panel and its charts", () => {
  let workbench: Workbench;
  let panel: Panel;
  const { shot } = openVsCode({ fill: writeExperiments }, (vsCode) => {
    ({ workbench } = vsCode);
    panel = workbench.panel();
  });

  /** The panel's page itself has this size. */
  async function panelOf(width: number, height: number): Promise<void> {
    await workbench.closeAll();
    await workbench.command("Basin: Open Panel");
    await workbench.command("View: Close Primary Side Bar").catch(() => undefined);
    await workbench.page.setViewportSize({ width: width + around.width, height: height + around.height });
    const own = panel.find("body");
    await own.waitFor();
    await workbench.settle();
    const [w, h]: [number, number] = await own.evaluate("[innerWidth, innerHeight]");
    await workbench.page.setViewportSize({
      width: width + around.width + width - w,
      height: height + around.height + height - h,
    });
    await expect.poll(() => own.evaluate("[innerWidth, innerHeight]")).toEqual([width, height]);
  }

  /** Where each chart begins, from the top of the page. */
  const tops = (): Promise<Record<string, number>> =>
    panel
      .find("body")
      .evaluate(
        "Object.fromEntries([...document.querySelectorAll('.chart:not([hidden])')].map((one) => [one.dataset.chart, Math.round(one.getBoundingClientRect().top + scrollY)]))",
      );

  test("nothing moves when the verdict arrives", async () => {
    await workbench.openFile(fileOf("steady"));
    await workbench.lens("▶ Run").click();
    await panel.status.filter({ hasText: "training" }).waitFor();
    await panel.picture("fractions");
    await panel.picture("loss");
    await expect.poll(() => panel.find(".chart.is-awaited").count(), { timeout: 60_000 }).toBeLessThan(2);
    const before = await tops();
    await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 90_000 });
    await panel.banner.filter({ hasText: /Stable|edge of stability/ }).waitFor();
    const after = await tops();
    for (const [id, top] of Object.entries(before)) expect(`${id} ${after[id]}`).toBe(`${id} ${top}`);
  });

  test("at 350 pixels verdict and headline chart are on the first screen", async () => {
    await panelOf(350, 700);
    await panel.picture("fractions");
    await panel.find("body").evaluate("scrollTo(0, 0)");
    await workbench.settle();
    const [bottom, banner]: [number, number] = await panel
      .find("body")
      .evaluate(
        `['.chart[data-chart="fractions"]', '.banner'].map((one) => document.querySelector(one).getBoundingClientRect().bottom)`,
      );
    expect(banner).toBeLessThan(bottom);
    expect(bottom).toBeLessThanOrEqual(700);
    await shot("charts first screen");
    await workbench.page.setViewportSize({ width: 1500, height: 900 });
    await workbench.showTree();
  });

  test("the numbers are a table on demand: searched, copied, each with its origin", async () => {
    expect(await panel.numbers.locator("table").isVisible()).toBe(false);
    await panel.showNumbers();
    await panel.numbers.locator("input").fill("training loss");
    await expect.poll(() => panel.numbers.locator("tbody tr").count()).toBe(1);
    await panel.numbers.getByText("Copy as CSV").click();
    await panel.numbers.getByText("Copied").waitFor();
    expect(await workbench.clipboard()).toMatch(
      /^name,metric,value,error,step,how\nloss\.train,training loss,[\d.e-]+,/,
    );
    await panel.numbers.locator("input").fill("");
    await panel.metric("sharpness").click();
    await expect.poll(() => panel.details.innerText()).toContain("λmax(H)");
    await workbench.page.keyboard.press("Escape");
  });

  test("a group that was closed and a line that was switched off stay so when the panel was hidden, which throws its page away", async () => {
    await panel.group("generalization").locator(".fold").click();
    await expect.poll(() => panel.chart("loss").isVisible()).toBe(false);
    const line = panel.chart("fractions").locator(".key", { hasText: "mean-square" }).last();
    await line.click();
    await expect.poll(() => line.getAttribute("aria-pressed")).toBe("false");
    await workbench.openFile(fileOf("steady"));
    await panel.find("body").waitFor({ state: "detached" });
    await workbench.tab("Basin: steady").click();
    await panel.picture("fractions");
    expect(await panel.chart("loss").isVisible()).toBe(false);
    expect(await line.getAttribute("aria-pressed")).toBe("false");
    expect(await panel.numbers.locator("table").isVisible()).toBe(true);
    await panel.group("generalization").locator(".fold").click();
    await panel.picture("loss");
    await line.click();
    await expect.poll(() => line.getAttribute("aria-pressed")).toBe("true");
    // So that the charts below are in sight again.
    await panel.numbers.locator("summary").click();
    await panel.picture("sharpness");
  });

  test("keys move the cursor, zoom and reset; every chart follows, and what is at the cursor is said", async () => {
    const surface = panel.chart("fractions").locator(".surface");
    await surface.focus();
    await workbench.page.keyboard.press("Home");
    const said = panel.chart("fractions").locator(".unseen");
    await expect.poll(() => said.innerText()).toMatch(/^Step 0: .*mean [\d.]+/);
    const value = panel.chart("sharpness").locator(".key .value").first();
    const early = await value.innerText();
    await panel.chart("sharpness").locator(".at-step", { hasText: "step 0" }).waitFor();
    await workbench.page.keyboard.press("End");
    await expect.poll(() => value.innerText()).not.toBe(early);
    await workbench.page.keyboard.press("+");
    await panel.find(".zoom").waitFor();
    await workbench.page.keyboard.press("0");
    await panel.find(".zoom").waitFor({ state: "hidden" });
    await workbench.page.keyboard.press("Escape");
  });

  test("a chart has logarithmic axes, smoothing, a table, and fills the page when asked", async () => {
    const chart = panel.chart("sharpness");
    await panel.picture("sharpness");
    await chart.hover();
    await chart.getByTitle("Logarithmic values").click();
    await expect.poll(() => chart.getByTitle("Logarithmic values").getAttribute("aria-pressed")).toBe("true");
    await chart.getByTitle("More for").click();
    await chart.getByRole("slider", { name: "Smoothing" }).fill("2");
    await chart.locator("output", { hasText: "0.9" }).waitFor();
    await chart.getByText("Readings as a table").click();
    await expect.poll(() => chart.locator(".curve-table tbody tr").count()).toBeGreaterThan(3);
    await chart.getByText("Readings as a table").click();
    await shot("charts menu");
    await workbench.page.keyboard.press("Escape");
    await chart.getByTitle("Maximize").click();
    const large = panel.find("dialog.maximized");
    await large.waitFor();
    await panel.chartTitle("sharpness").click();
    await panel.details.filter({ hasText: "2/η" }).waitFor();
    await shot("charts maximized");
    await workbench.page.keyboard.press("Escape");
    await large.waitFor({ state: "detached" });
    await chart.waitFor();
  });

  test("a chart is copied as an image", async () => {
    const chart = panel.chart("fractions");
    await chart.hover();
    await chart.getByTitle("Copy as image").click();
    await chart.getByText("Copied").waitFor();
    const type = await workbench.page.evaluate(
      "navigator.clipboard.read().then(async ([item]) => `${item.types} ${(await item.getType('image/png')).size}`)",
    );
    expect(String(type)).toMatch(/^image\/png \d{4,}$/);
  });

  test("a click leaves the playhead, and other settings are tried out and branched from there", async () => {
    const over = panel.chart("fractions").locator(".u-over");
    await over.scrollIntoViewIfNeeded();
    const { width = 0 } = (await over.boundingBox()) ?? {};
    const value = panel.chart("sharpness").locator(".key .value").first();
    await panel.picture("sharpness");
    const latest = await value.innerText();
    await over.click({ position: { x: 1, y: 30 } });
    await expect.poll(() => value.innerText()).not.toBe(latest);
    await over.click({ position: { x: Math.round(width / 2), y: 30 } });
    await panel.picture("stabilityMap");
    const map = panel.chart("stabilityMap").locator("canvas");
    await map.click({ position: { x: 200, y: 12 } });
    const tried = panel.find(".what-if");
    await tried.filter({ hasText: "leaves" }).waitFor();
    await shot("charts tried");
    const rate = Number(await tried.locator(".rate").innerText());
    expect(rate).toBeGreaterThan(0.05);
    await tried.locator("vscode-button").click();
    // The newest checkpoint before the playhead, which stands in the middle.
    const prompt = await workbench.page
      .getByText(/Branch from step [\d,]+/)
      .first()
      .innerText();
    const from = Number(/step ([\d,]+)/.exec(prompt)![1].replaceAll(",", ""));
    const share = from / (await panel.step());
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.51);
    expect(await workbench.inputBox.inputValue()).toMatch(
      new RegExp(`^optimizer\\.learningRate=${rate} optimizer\\.batchSize=\\d+$`),
    );
    await workbench.page.keyboard.press("Escape");
    await tried.getByText("Back to the run's own").click();
    await tried.filter({ hasText: "holds" }).waitFor();
  });
});
