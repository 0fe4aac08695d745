// Every setting in real VS Code: a change of it holds at once, in the window that is open.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRun } from "../fixtures/writeRun";
import { experiments, fileOf, writeExperiments } from "./experiments";
import { writeLiveRun } from "./scale";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCode("Settings in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  openVsCode({ fill }, (vsCode) => ({ server, workbench } = vsCode));

  /** One file has a judged run. */
  function fill(workspace: string): void {
    writeExperiments(workspace);
    const { learningRate } = experiments.tooFast.optimizer;
    const file = join(workspace, fileOf("tooFast"));
    writeRun(join(workspace, ".basin", "runs"), "unstable", {
      file,
      steps: 400,
      learningRate,
      batchSize: "full",
    });
  }

  let changes = 0;
  /** Changes the workspace's settings to these; returns when VS Code has read them, as the window's title tells. */
  async function set(own: Record<string, unknown>): Promise<void> {
    const title = `settings ${++changes}`;
    const folder = join(server.workspace, ".vscode");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "settings.json"), JSON.stringify({ ...own, "window.title": title }));
    await expect.poll(() => workbench.page.title(), { timeout: 60_000 }).toContain(title);
  }

  const runsIn = (...folder: string[]): string[] => {
    const path = join(server.workspace, ...folder);
    return existsSync(path) ? readdirSync(path) : [];
  };

  async function run(name: keyof typeof experiments): Promise<void> {
    await workbench.openFile(fileOf(name));
    await workbench.lens("▶ Run").click();
  }

  test("each of what stands in the file can be switched off by itself, and on again", async () => {
    await workbench.openFile(fileOf("tooFast"));
    const patient = { timeout: 60_000 };
    const shows = async () => ({
      hints: await workbench.hint("⟨limit").isVisible(),
      sparklines: (await workbench.sparklines()) > 0,
      lenses: await workbench.lens("Sharpness against its limit").isVisible(),
    });
    const all = { hints: true, sparklines: true, lenses: true };
    await expect.poll(shows, patient).toEqual(all);
    await expect.poll(hoverHasChart, patient).toBe(true);
    for (const element of Object.keys(all)) {
      await set({ [`basin.inline.${element}`]: false });
      await expect.poll(shows, { ...patient, message: element }).toEqual({ ...all, [element]: false });
    }
    await set({ "basin.inline.hovers": false });
    await expect.poll(shows, patient).toEqual(all);
    await expect.poll(hoverHasChart, patient).toBe(false);
    await set({});
    await expect.poll(hoverHasChart, patient).toBe(true);
  });

  /** Whether a chart is in what VS Code shows of a learning rate under the mouse: the schema's words are there in any case. */
  async function hoverHasChart(): Promise<boolean> {
    const { page } = workbench;
    const hover = page.locator(".monaco-hover:visible").first();
    await page.mouse.move(900, 600);
    await hover.waitFor({ state: "detached" });
    await workbench
      .line('"learningRate"')
      .locator("span span", { hasText: /^0\.3$/ })
      .first()
      .hover();
    await hover.waitFor();
    // What comes from an extension comes after VS Code's own.
    const chart = page.locator(".monaco-hover:visible img[src^='data:image/svg']").first();
    return chart.waitFor({ timeout: 6_000 }).then(
      () => true,
      () => false,
    );
  }

  test("a provisional flag is shown, or not, while the run trains", async () => {
    const live = await writeLiveRun(server, {
      perSecond: 20,
      file: fileOf("steady"),
      learningRate: 0.05,
      sharpness: 50,
    });
    try {
      await workbench.showTree();
      const flagged = workbench.treeRow(/beyond its limit/);
      await flagged.waitFor();
      await set({ "basin.flag.provisional": false });
      await flagged.waitFor({ state: "detached" });
      await workbench.treeRow(/η 0.05.*step/).waitFor();
      await set({});
      await flagged.waitFor();
    } finally {
      live.writer.kill("SIGKILL");
      rmSync(live.folder, { recursive: true });
    }
  });

  test("refresh is how often a run that trains is looked at", async () => {
    const live = await writeLiveRun(server, {
      perSecond: 50,
      file: fileOf("endless"),
      learningRate: 0.01,
      sharpness: 1,
    });
    try {
      await workbench.openFile(fileOf("endless"));
      // Not the lens: VS Code asks for those when it likes.
      const item = workbench.statusBar.locator(".statusbar-item", { hasText: /demo.* %/ });
      await item.waitFor();
      const steps = async (): Promise<number> => {
        const seen = new Set<string>();
        for (const end = Date.now() + 5_000; Date.now() < end; await workbench.page.waitForTimeout(50))
          seen.add(await item.innerText());
        return seen.size;
      };
      await set({ "basin.refresh": 100 });
      await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(5);
      await set({ "basin.refresh": 60_000 });
      await expect.poll(steps, { timeout: 60_000 }).toBeLessThan(3);
    } finally {
      live.writer.kill("SIGKILL");
      rmSync(live.folder, { recursive: true });
    }
  });

  test("the panel opens beside the editor, or among its tabs", async () => {
    const groups = workbench.page.locator(".editor-group-container:not(.empty)");
    for (const [column, count] of [
      ["active", 1],
      ["beside", 2],
    ] as const) {
      await set({ "basin.panel.column": column });
      await workbench.closeAll();
      await workbench.openFile(fileOf("tooFast"));
      await workbench.lens("latest run").click();
      await workbench.panel().banner.waitFor();
      expect(await groups.count()).toBe(count);
    }
    await workbench.closeAll();
  });

  test("runs go to the folder that is named, train on the engine that is named, and are listed from there", async () => {
    await set({ "basin.runsFolder": "out/of/runs", "basin.engine": "onnx" });
    await run("exploding");
    await workbench.panel().banner.filter({ hasText: "Diverged" }).waitFor();
    const [id] = runsIn("out", "of", "runs");
    expect(id).toContain("exploding");
    expect(runsIn(".basin", "runs").filter((name) => name.includes("exploding"))).toEqual([]);
    const { experiment } = JSON.parse(
      readFileSync(join(server.workspace, "out", "of", "runs", id, "run.json"), "utf8"),
    ) as { experiment: { engine: string } };
    expect(experiment.engine).toBe("onnx");
    await workbench.showTree();
    const row = workbench.treeRow(/η 0.8.*diverged/);
    await row.waitFor();
    await set({});
    await row.waitFor({ state: "detached" });
  });

  test("concurrency is how many points of a sweep train at once, whatever its file says", async () => {
    await set({ "basin.concurrency": 3 });
    await run("points");
    const rows = workbench.page.locator(".sidebar .monaco-list-row", { hasText: /η 0\.04[123].*step/ });
    await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(3);
    await workbench.command("Basin: Stop All Runs");
    await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(0);
    await set({});
  });

  test("a notification tells what it is asked to tell, and nothing while the window has the focus", async () => {
    const told = workbench.notification(/exploding .*η 0\.8/);
    const ends = async (): Promise<void> => {
      const before = runsIn(".basin", "runs");
      await workbench.command("Notifications: Clear All Notifications");
      await run("exploding");
      const judged = () =>
        runsIn(".basin", "runs")
          .filter((name) => !before.includes(name))
          .some((name) => existsSync(join(server.workspace, ".basin", "runs", name, "verdict.json")));
      await expect.poll(judged, { timeout: 60_000 }).toBe(true);
    };
    const isTold = (): Promise<boolean> =>
      told.waitFor({ timeout: 8_000 }).then(
        () => true,
        () => false,
      );
    const asked = { "basin.notifications.onlyUnfocused": false };
    for (const [show, tells] of [
      ["all", true],
      ["off", false],
      ["ended", true],
      ["flagged", true],
    ] as const) {
      await set({ ...asked, "basin.notifications.show": show });
      await ends();
      expect(await isTold(), show).toBe(tells);
    }
    await set({ "basin.notifications.show": "all" });
    await workbench.page.bringToFront();
    await ends();
    expect(await isTold()).toBe(false);
  });
});
