// The main job in real VS Code: run an experiment from its file, watch it live, get the verdict, act on it.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { experiments, fileOf, writeExperiments, type ExperimentName } from "./experiments";
import { writeLiveRun } from "./scale";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCode("Basin in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  const { shot, text } = openVsCode({ fill }, (vsCode) => ({ server, workbench } = vsCode));

  /** Beside the experiments one that inherits a mistake. */
  function fill(workspace: string): void {
    writeExperiments(workspace);
    const { optimizer, ...rest } = experiments.exploding;
    write(workspace, "common.basin.json", { losss: "mse", ...rest });
    write(workspace, "child.basin.json", { extends: "common.basin.json", optimizer });
  }

  const write = (workspace: string, name: string, value: object) =>
    writeFileSync(join(workspace, name), JSON.stringify(value, null, 2));

  async function run(name: ExperimentName): Promise<void> {
    await workbench.closeAll();
    await workbench.openFile(fileOf(name));
    await workbench.lens("▶ Run").click();
  }

  test("the extension says how long its activation took; `npm run measure` holds it against 50 ms", async () => {
    await workbench.openFile(fileOf("steady"));
    await workbench.lens("▶ Run").waitFor();
    const milliseconds = Number(await server.logged(/Activated in ([\d.]+) ms/));
    console.log(`Activation: ${milliseconds} ms.`);
    expect(milliseconds).toBeGreaterThan(0);
  });

  test("▶ Run starts a real run that tree, status bar and panel follow live until its verdict", async () => {
    await run("steady");
    const panel = workbench.panel();
    await panel.status.filter({ hasText: "training" }).waitFor();
    await expect.poll(() => panel.step(), { timeout: 20_000 }).toBeGreaterThan(0);
    const before = await panel.step();
    await expect.poll(() => panel.step(), { timeout: 5_000 }).toBeGreaterThan(before);
    await workbench.statusBar.getByText("steady").waitFor();
    await workbench.showTree();
    await workbench.treeRow("η 0.05").waitFor();
    await shot("training");
    await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 90_000 });
    await panel.banner.filter({ hasText: /Stable|edge of stability/ }).waitFor();
    await workbench.treeRow(/stable|edge of stability/).waitFor();
    await panel.showNumbers();
    expect(await panel.numberRow("sharpness").innerText()).toMatch(/sharpness\s+\d/);
    for (const id of ["loss", "sharpness", "nonuniformity", "gap", "fractions"]) await panel.picture(id);
    await shot("finished");
  });

  test("a number says where it comes from", async () => {
    const panel = workbench.panel();
    await panel.metric("sharpness").click();
    for (const part of ["λmax(H)", "error bar", "products", "all 12 training examples"])
      await expect.poll(() => panel.details.innerText()).toContain(part);
    await workbench.page.keyboard.press("Escape");
    await panel.fact("largest stable").click();
    await expect.poll(() => panel.details.innerText()).toContain("mean-square limit");
    await panel.chartTitle("sharpness").click();
    await expect.poll(() => panel.details.innerText()).toContain("2/η");
    await workbench.page.keyboard.press("Escape");
  });

  test("only what is measured takes room; one click adds another probe to the file", async () => {
    const panel = workbench.panel();
    await panel.picture("stabilityMap");
    await panel.chain.getByText("From stability to generalization").waitFor();
    expect(await panel.chart("spectrum").isVisible()).toBe(false);
    await panel.more("spectrum").click();
    await workbench.line('"spectrum"').waitFor();
    await workbench.page.keyboard.press("Control+S");
    await expect.poll(() => text("steady"), { timeout: 10_000 }).toContain('"spectrum": { "every": 1000 }');
    // The lens is above the first line.
    await workbench.page.keyboard.press("Control+Home");
    await workbench.lens("▶ Run").click();
    await panel.picture("spectrum");
    await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 90_000 });
    await panel.chartTitle("spectrum").click();
    await expect.poll(() => panel.details.innerText()).toContain("stochastic Lanczos quadrature");
    await workbench.page.keyboard.press("Escape");
  });

  test("a flagged run marks the learning rate, and the quick fix sets the largest stable one", async () => {
    await run("tooFast");
    await workbench
      .panel()
      .banner.filter({ hasText: /Unstable|Diverged/ })
      .waitFor({ timeout: 60_000 });
    await workbench.showProblems();
    await workbench.problem(/learning rate 0\.3/i).waitFor();
    await shot("flagged");
    await workbench.applyQuickFix(fileOf("tooFast"), { text: '"learningRate": 0.3' }, /largest stable value/);
    // While VS Code writes, the file may be seen empty: then there is no rate in it yet.
    const rate = () => Number(/"learningRate": ([\d.e-]+)/.exec(text("tooFast"))?.[1]);
    await expect.poll(rate, { timeout: 10_000 }).toBeLessThan(0.3);
    expect(rate()).toBeGreaterThan(0);
    await workbench.problem(/learning rate 0\.3/i).waitFor({ state: "detached" });
    await workbench.hideBottom();
  });

  test("a diverged run is a result, shown with its verdict", async () => {
    await run("exploding");
    const panel = workbench.panel();
    await panel.banner.filter({ hasText: "Diverged" }).waitFor({ timeout: 60_000 });
    await panel.status.filter({ hasText: "diverged" }).waitFor();
    await workbench.showTree();
    await workbench.treeRow("η 0.8").filter({ hasText: "diverged" }).waitFor();
    await shot("diverged");
  });

  test("a missing data file is a diagnostic at its path, and nothing runs", async () => {
    await workbench.closeAll();
    await workbench.openFile(fileOf("missingData"));
    await workbench.showProblems();
    await workbench.problem(/absent-images\.gz.*does not exist/).waitFor();
    await shot("missing");
    await workbench.hideBottom();
    await workbench.lens("▶ Run").click();
    await workbench.page.getByText("cannot run yet").first().waitFor();
  });

  test("a mistake is said in the file it is in, what it breaks points there, and a typo has its fix", async () => {
    await workbench.closeAll();
    await workbench.openFile("child.basin.json");
    await workbench.showProblems();
    await workbench.problem(/^Unknown key `losss`/).waitFor();
    await workbench.problem(/^common\.basin\.json:\d+: Unknown key `losss`/).waitFor();
    await shot("inherited mistake");
    await workbench.openFile("common.basin.json");
    await workbench.applyQuickFix("common.basin.json", { text: '"losss"', at: "losss" }, 'Change to "loss"');
    await workbench.problem(/losss/).waitFor({ state: "detached" });
    mkdirSync(join(server.workspace, ".basin"), { recursive: true });
    write(server.workspace, join(".basin", "local.json"), { launch: { concurency: 2 } });
    await workbench.openFile(fileOf("exploding"));
    await workbench.problem(/local\.json:\d+: .*concurency/).waitFor();
    rmSync(join(server.workspace, ".basin", "local.json"));
    await workbench.openFile(fileOf("steady"));
    await workbench.openFile(fileOf("exploding"));
    await workbench.problem(/concurency/).waitFor({ state: "detached" });
    await workbench.hideBottom();
  });

  test("a reload finds running and finished runs again, and Stop ends the running one with a verdict", async () => {
    await run("endless");
    await workbench.panel().status.filter({ hasText: "training" }).waitFor();
    await workbench.reload();
    await workbench.showTree();
    await workbench.treeRow("η 0.01").waitFor();
    await workbench.treeRow("η 0.8").waitFor();
    const panel = workbench.panel();
    await workbench.treeRow("η 0.01").click();
    await panel.status.filter({ hasText: "training" }).waitFor();
    await shot("reloaded");
    await panel.button("Stop").click();
    await panel.status.filter({ hasText: "stopped" }).waitFor({ timeout: 60_000 });
    await panel.button("Resume").waitFor();
    const runs = join(server.workspace, ".basin", "runs");
    const folder = readdirSync(runs).find((name) => name.includes("endless")) ?? "";
    expect(existsSync(join(runs, folder, "verdict.json"))).toBe(true);
  });

  test("each point of a sweep is flagged at its own value in the list", async () => {
    await run("bothTooFast");
    await workbench.showProblems();
    for (const rate of ["0.3", "0.8"])
      await workbench
        .problem(new RegExp(`learning rate ${rate.replace(".", "\\.")}`, "i"))
        .waitFor({ timeout: 60_000 });
    const lines = await workbench.problemLines(/learning rate 0\.[38]/i);
    const written = text("bothTooFast").split("\n");
    expect(lines.map((line) => written[line - 1].trim().replace(",", "")).sort()).toEqual(["0.3", "0.8"]);
    await shot("flagged sweep");
    await workbench.hideBottom();
  });

  test("a sweep leaves the panel to the run that was picked, and does not reopen it once closed", async () => {
    await run("points");
    const panel = workbench.panel();
    await panel.status.filter({ hasText: "training" }).waitFor();
    await workbench.showTree();
    await workbench
      .treeRow("η 0.043")
      .filter({ hasText: /waiting|queued/ })
      .waitFor();
    await workbench.treeRow("η 0.01").click();
    await panel.status.filter({ hasText: "stopped" }).waitFor();
    await workbench
      .treeRow("η 0.042")
      .filter({ hasText: /step|stable|edge|inconclusive/ })
      .waitFor({ timeout: 120_000 });
    expect(await panel.status.innerText()).toBe("stopped");
    await workbench.closeAll();
    await workbench
      .treeRow("η 0.043")
      .filter({ hasText: /stable|edge|inconclusive/ })
      .waitFor({ timeout: 120_000 });
    expect(await workbench.tab("Basin:").count()).toBe(0);
  });

  test("a run beyond its limit is flagged while it trains, and a deleted run goes from the tree", async () => {
    const live = await writeLiveRun(server, {
      perSecond: 20,
      file: fileOf("steady"),
      learningRate: 0.05,
      sharpness: 50,
    });
    try {
      await workbench.openFile(fileOf("steady"));
      await workbench.showTree();
      const row = workbench.treeRow(/beyond its limit/);
      await row.waitFor({ timeout: 30_000 });
      await workbench.showProblems();
      await workbench.problem(/above its limit 0\.04.*still trains/).waitFor();
      await row.click();
      await workbench.panel().banner.filter({ hasText: "Beyond its limit (provisional)" }).waitFor();
      await shot("provisional");
      await workbench.hideBottom();
    } finally {
      live.writer.kill("SIGKILL");
    }
    rmSync(live.folder, { recursive: true });
    await workbench.treeRow(/beyond its limit/).waitFor({ state: "detached", timeout: 30_000 });
  });
});
