// What stands between the lines of an experiment file in real VS Code: hints, sparklines, hovers and the inline panel, live and in use.
import { expect, test } from "vitest";
import { fileOf } from "./experiments";
import { inVsCode, openVsCode } from "./scenario";
import type { Workbench } from "./workbench";

inVsCode("Inline in VS Code", () => {
  let workbench: Workbench;
  const { shot, text } = openVsCode({}, (vsCode) => ({ workbench } = vsCode));

  const chart = 'img[src^="data:image/svg"]';

  test("a flagged run is fixed where it is set: from its hint to the inline panel, to a learning rate that is stable", async () => {
    await workbench.openFile(fileOf("tooFast"));
    await workbench.lens("▶ Run").click();
    await workbench.hint("⟨limit").waitFor();
    await workbench.line("learningRate").hover();
    await shot("inline hint");
    await workbench.lens("Sharpness against its limit").click();
    const panel = workbench.inlinePanel;
    await panel.getByText("Unstable").first().waitFor();
    await panel.locator(chart).first().waitFor();
    await shot("inline panel");
    // Sharpness rises as the rate falls: what is stable is found in a few tries, as by a user.
    for (let i = 0; i < 4 && !(await workbench.inlineMark(/^[✓≈]/).isVisible()); i++) {
      const use = panel.getByText(/^Use [\d.]+$/);
      const stable = /[\d.]+/.exec(await use.innerText())![0];
      await use.click();
      await workbench.line(`"learningRate": ${stable}`).waitFor();
      await panel.getByText("The file says something else by now").waitFor();
      await workbench.page.keyboard.press("Control+S");
      await expect.poll(() => text("tooFast"), { timeout: 20_000 }).toContain(`"learningRate": ${stable}`);
      await workbench.lens("▶ Run").click();
      await panel.getByText("The file says something else by now").waitFor({ state: "detached" });
      await workbench.inlineMark(/^[✓≈✗?] /).waitFor();
    }
    await workbench.inlineMark(/^[✓≈]/).waitFor();
    await shot("inline fixed");
    await workbench.lens("Sharpness against its limit").click();
    await panel.waitFor({ state: "detached" });
  });

  test("while a run trains its inline panel lives: the picture changes, the zone stays as high as it is", async () => {
    await workbench.closeAll();
    await workbench.openFile(fileOf("endless"));
    await workbench.lens("▶ Run").click();
    await workbench.lens("Sharpness against its limit").click();
    const panel = workbench.inlinePanel;
    await panel.locator(chart).first().waitFor();
    const pictures = new Set<string | null>();
    const heights = new Set<number>();
    for (let i = 0; i < 12; i++) {
      const box = await panel.boundingBox();
      if (box) heights.add(Math.round(box.height));
      pictures.add(await panel.locator(chart).first().getAttribute("src"));
      await workbench.page.waitForTimeout(500);
    }
    expect(pictures.size).toBeGreaterThan(2);
    expect([...heights]).toHaveLength(1);
    await shot("inline live");
  });

  test("an inline panel moves with its line, is undone with nothing, and is there again after a reload", async () => {
    const panel = workbench.inlinePanel;
    const distance = async () => {
      const [zone, line] = [await panel.boundingBox(), await workbench.line('"learningRate"').boundingBox()];
      return zone && line ? Math.round(zone.y - line.y) : NaN;
    };
    await expect.poll(distance, { timeout: 20_000 }).not.toBeNaN();
    const before = await distance();
    await workbench.page.keyboard.press("Control+Home");
    await workbench.page.keyboard.type("// one\n// two\n");
    await workbench.line("// two").waitFor();
    await expect.poll(distance, { timeout: 20_000 }).toBe(before);
    await workbench.page.keyboard.press("Control+S");
    await expect.poll(() => text("endless"), { timeout: 20_000 }).toContain("// two");
    await workbench.reload();
    await panel.locator(chart).first().waitFor();
    await expect.poll(distance, { timeout: 20_000 }).toBe(before);
    await workbench.lens("Sharpness against its limit").click();
    await panel.waitFor({ state: "detached" });
    await workbench.lens("Stop").click();
  });

  test("what the noise of its batches drives away is fixed at its batch size, by quick fix", async () => {
    await workbench.closeAll();
    await workbench.openFile(fileOf("tooNoisy"));
    await workbench.lens("▶ Run").click();
    await workbench.lens("Noise against its bound").click();
    await workbench.inlinePanel.getByText("Use batches of 2").waitFor();
    await shot("inline noise");
    await workbench.lens("Noise against its bound").click();
    await workbench.inlinePanel.waitFor({ state: "detached" });
    const place = { text: '"batchSize": 1', at: "1" };
    await workbench.applyQuickFix(fileOf("tooNoisy"), place, "Set batchSize to 2, the smallest stable batch");
    await expect.poll(() => text("tooNoisy"), { timeout: 20_000 }).toContain('"batchSize": 2');
    await workbench.lens("▶ Run").click();
    await workbench.lens(/latest run: (stable|edge)/).waitFor();
  });

  test("in a sweep each value says what became of it", async () => {
    await workbench.closeAll();
    await workbench.openFile(fileOf("bothTooFast"));
    await workbench.lens("▶ Run").click();
    await workbench.lens(/latest run/).waitFor();
    await workbench.page.keyboard.press("Control+End");
    await workbench.line("0.3").locator("span", { hasText: "✗" }).first().waitFor();
    await workbench.line("0.8").locator("span", { hasText: "✗" }).first().waitFor();
    await shot("inline sweep");
  });
});
