// Pictures of the panel: without a run, while one trains, with every chart, with its provenance, and of flagged runs.
import { fileOf, type ExperimentName } from "../experiments";
import type { Workbench } from "../workbench";
import { desk, panelSizes, type Gallery } from "./gallery";

/** Tall enough for a panel with every chart and the chain. */
const tall = { narrow: { width: 470, height: 5000 }, wide: { width: 1300, height: 2400 } } as const;

export async function takePanels(workbench: Workbench, gallery: Gallery): Promise<void> {
  const panel = workbench.panel();
  await workbench.showTree();
  await workbench.command("Basin: Open Panel");
  await panel.welcome.waitFor();
  await gallery.alone("welcome");
  await workbench.closeAll();
  await gallery.inEveryTheme(async () => {
    await workbench.command("Basin: New Experiment");
    await workbench.page.locator(".quick-input-list", { hasText: "Edge of stability" }).waitFor();
    await gallery.shot("new-experiment");
    await workbench.page.keyboard.press("Escape");
  });

  await gallery.run("edge-of-stability.basin.json");
  await panel.status.filter({ hasText: "training" }).waitFor();
  await panel.picture("nonuniformity");
  await workbench.showTree();
  await gallery.inEveryTheme(() => gallery.shot("training"));
  await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 300_000 });
  await panel.banner.filter({ hasText: /edge of stability|Stable|Unstable/ }).waitFor();
  await gallery.inEveryTheme(() => gallery.shot("finished"));
  await workbench.page.setViewportSize({ width: 1180, height: 700 });
  await gallery.inEveryTheme(async () => {
    await panel.metric("sharpness").click();
    await panel.details.waitFor();
    await gallery.shot("provenance");
    await workbench.page.keyboard.press("Escape");
  });
  await workbench.closeAll();
  await workbench.command("Basin: Open Panel");
  await gallery.alone("finished");

  await gallery.run("spirals.basin.json");
  await panel.status.filter({ hasText: "training" }).waitFor();
  await gallery.alone("spirals-training");
  await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 300_000 });
  await workbench.closeAll();
  await workbench.command("Basin: Open Panel");
  await gallery.alone("spirals");

  await gallery.run("all-probes.basin.json");
  await panel.chain.waitFor({ timeout: 300_000 });
  await workbench.closeAll();
  await workbench.command("Basin: Open Panel");
  await gallery.alone("all-probes", tall);
  await gallery.inEveryTheme(async () => {
    await panel.chart("stabilityMap").locator("h2 button").click();
    await gallery.shot("map-provenance");
    await workbench.page.keyboard.press("Escape");
    await panel.chain.locator("li button").first().click();
    await gallery.shot("chain-provenance");
    await workbench.page.keyboard.press("Escape");
  });
  await workbench.page.setViewportSize(panelSizes.wide);
  await gallery.inEveryTheme(async () => {
    await panel.chain.locator("li").last().scrollIntoViewIfNeeded();
    await gallery.shot("measured");
  });
  await workbench.page.setViewportSize(desk);

  await gallery.run("adam-edge.basin.json");
  await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 300_000 });
  await workbench.closeAll();
  await workbench.command("Basin: Open Panel");
  await gallery.alone("adam");

  for (const name of ["tooFast", "exploding"] satisfies ExperimentName[]) {
    await gallery.run(fileOf(name));
    await panel.banner.filter({ hasText: /Unstable|Diverged/ }).waitFor({ timeout: 60_000 });
    await workbench.showTree();
    await workbench.showProblems();
    await gallery.inEveryTheme(() => gallery.shot(`flagged-${name}`));
    await workbench.hideBottom();
    await workbench.closeAll();
    await workbench.command("Basin: Open Panel");
    await gallery.alone(`panel-${name}`);
  }
  await workbench.closeAll();
  await workbench.openFile(fileOf("tooFast"));
  await gallery.inEveryTheme(async () => {
    await workbench.openQuickFix(fileOf("tooFast"), '"learningRate": 0.3');
    await gallery.shot("quick-fix");
    await workbench.page.keyboard.press("Escape");
  });
}
