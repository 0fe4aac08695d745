// Basin's pages in real VS Code as axe-core sees them, in VS Code's own light, dark and high-contrast themes: nothing serious or critical.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { examine } from "./examine";
import { experiments, fileOf, writeExperiments } from "./experiments";
import type { Panel } from "./panelPage";
import { inVsCode, openVsCode } from "./scenario";
import { themeKinds } from "./settings";
import type { Workbench } from "./workbench";

/** Every page, and how it comes to be seen. */
const pages: Readonly<Record<string, (workbench: Workbench) => Promise<Panel>>> = {
  "panel of a finished run": async (workbench) => {
    await workbench.treeRow("η 0.21").click();
    const panel = workbench.panel();
    await panel.chain.waitFor();
    return panel;
  },
  "panel with a number's origin": async (workbench) => {
    const panel = workbench.panel();
    await panel.showNumbers();
    // It may still be open from the last theme.
    await panel.metric("sharpness").press("Escape");
    await panel.metric("sharpness").click();
    await panel.details.waitFor();
    return panel;
  },
  "panel of a run that trains": async (workbench) => {
    await workbench.treeRow("η 0.01").click();
    const panel = workbench.panel();
    await panel.status.filter({ hasText: "training" }).waitFor();
    await panel.picture("sharpness");
    return panel;
  },
  "Current Run of a run that trains": async (workbench) => {
    await workbench.tab(fileOf("endless")).click();
    const view = workbench.currentRun();
    await view.status.filter({ hasText: "training" }).waitFor();
    return view;
  },
  "Current Run of a finished run": async (workbench) => {
    await workbench.tab("everything.basin.json").click();
    const view = workbench.currentRun();
    await view.banner.filter({ hasText: /\S/ }).waitFor();
    return view;
  },
  "Current Run of a file without one": async (workbench) => {
    await workbench.tab(fileOf("steady")).click();
    const view = workbench.currentRun();
    await view.find(".nothing").waitFor();
    return view;
  },
};

inVsCode("Basin's pages, as axe sees them", () => {
  let workbench: Workbench;
  openVsCode({ fill }, (vsCode) => ({ workbench } = vsCode));

  test("no finding is serious or critical: every page, every theme", async () => {
    await workbench.showTree();
    await workbench.openFile(fileOf("steady"));
    for (const file of ["everything.basin.json", fileOf("endless")]) {
      await workbench.openFile(file);
      await workbench.lens("▶ Run").click();
    }
    await workbench.command("Basin: Focus on Current Run View");
    const grave: string[] = [];
    const look = async (theme: string, name: string, page: Panel): Promise<void> => {
      await workbench.settle();
      const { violations, passes, incomplete } = await examine(page);
      const told = violations.map(({ id, impact, nodes }) => `${impact} ${id} (${nodes.length})`);
      const undecided = incomplete.map(({ id, nodes }) => `${id} (${nodes.length})`);
      console.log(
        `${theme}, ${name}: ${passes.length} rules pass; findings: ${told.join(", ") || "none"}; undecided: ${undecided.join(", ") || "none"}`,
      );
      for (const { id, impact, nodes } of violations)
        if (impact === "serious" || impact === "critical")
          grave.push(...nodes.map(({ html, any }) => `${theme}, ${name}: ${id}: ${html} ${any[0]?.message}`));
    };
    for (const theme of themeKinds) {
      await workbench.useTheme(theme);
      for (const [name, show] of Object.entries(pages)) await look(theme, name, await show(workbench));
    }
    expect(grave).toEqual([]);
    // Two dozen pages, each shown anew.
  }, 600_000);
});

/** Measures all there is, so that every chart and the chain stand in the panel. */
function fill(workspace: string): void {
  writeExperiments(workspace);
  const { tooFast } = experiments;
  const every = { every: 20 };
  const names = ["gradientNoise", "smoothness", "spectrum", "layers", "manifold"];
  const probes = { ...tooFast.probes, ...Object.fromEntries(names.map((name) => [name, every])) };
  const optimizer = { ...tooFast.optimizer, learningRate: 0.21 };
  const everything = { ...tooFast, optimizer, probes };
  writeFileSync(join(workspace, "everything.basin.json"), JSON.stringify(everything, null, 2));
}
