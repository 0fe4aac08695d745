// A sweep as a map in real VS Code: watched while it trains, reloaded in the middle, extended by hand and by a drag, opened by keyboard, exported.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { graveFindings } from "./examine";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

const file = "swept.basin.json";
const experiment = {
  name: "swept",
  seed: 0,
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 20 },
  model: { kind: "mlp", hidden: [20], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.1, batchSize: "full" },
  stop: { steps: 60_000 },
  probes: { sharpness: { every: 2000 }, noise: { every: 20_000 }, generalization: { every: 20_000 } },
  launch: { on: "local", concurrency: 1 },
};
const text = `${JSON.stringify(experiment, null, 2).slice(0, -2)},
  // Both ends of the range matter.
  "sweep": {
    "optimizer.learningRate": [0.05, 0.8],
    "optimizer.batchSize": [4, "full"]
  }
}
`;

function fill(workspace: string): void {
  mkdirSync(workspace, { recursive: true });
  writeFileSync(join(workspace, file), text);
  writeFileSync(
    join(workspace, "single.basin.json"),
    JSON.stringify({ ...experiment, name: "single" }, null, 2),
  );
}

inVsCode("The map of a sweep in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  const own = { "basin.panel.column": "active" };
  const { shot } = openVsCode({ settings: own, fill }, (vsCode) => ({ server, workbench } = vsCode));

  const map = () => workbench.sweepMap();
  const cells = (kind = "") => map().find(`.cell${kind}`);
  const judged = ":not(.live):not(.empty)";
  const written = () => readFileSync(join(server.workspace, file), "utf8");
  const runs = () =>
    readdirSync(join(server.workspace, ".basin", "runs"))
      .filter((name) => existsSync(join(server.workspace, ".basin", "runs", name, "run.json")))
      .map(
        (name) =>
          JSON.parse(readFileSync(join(server.workspace, ".basin", "runs", name, "run.json"), "utf8"))
            .overrides,
      );

  test("a file without a sweep says what one looks like", async () => {
    await workbench.openFile("single.basin.json");
    await workbench.command("Basin: Show Sweep Map");
    await map().find(".none").filter({ hasText: "has no sweep" }).waitFor();
    await workbench.closeAll();
  });

  test("the points fill as they train, also after the window was reloaded in the middle", async () => {
    await workbench.openFile(file);
    await workbench.lens("Sweep Map").click();
    await expect.poll(() => cells(".empty").count()).toBe(4);
    await workbench.tab(file).click();
    await workbench.lens("▶ Run").click();
    await workbench.panel().status.filter({ hasText: "training" }).waitFor();
    await workbench.closeAll();
    await workbench.openFile(file);
    await workbench.lens("Sweep Map").click();
    await expect.poll(() => cells(".live").count()).toBeGreaterThan(1);
    await expect.poll(() => cells(judged).count(), { timeout: 120_000 }).toBeGreaterThan(0);
    await shot("sweep map live");
    expect(await cells(judged).count()).toBeLessThan(4);
    await workbench.reload();
    // Opened anew: VS Code does not always bring back the tabs of a window that closes right after they were opened.
    await workbench.closeAll();
    await workbench.openFile(file);
    await workbench.lens("Sweep Map").click();
    await expect.poll(() => cells().count(), { timeout: 60_000 }).toBe(4);
    await expect.poll(() => cells(judged).count(), { timeout: 240_000 }).toBe(4);
    // Larger learning rates are above: the upper row breaks, the lower one does not.
    expect(await map().find(".cell.bad .sign").allInnerTexts()).toContain("✗");
    await map().find('.cell[aria-label^="batch size B full, learning rate η 0.8: Diverged"]').waitFor();
    expect(await map().find(".mark.mean").count()).toBeGreaterThan(0);
    expect(await map().find(".mark.meanSquare").count()).toBeGreaterThan(0);
  });

  test("a cell is reached by arrow keys and opens its run", async () => {
    await cells().last().focus();
    await workbench.page.keyboard.press("Home");
    await workbench.page.keyboard.press("ArrowDown");
    const label = await map().find(".cell:focus").getAttribute("aria-label");
    expect(label).toMatch(/^batch size B 4, learning rate η 0.05: /);
    await workbench.page.keyboard.press("Enter");
    const panel = workbench.panel();
    await panel.picker.filter({ hasText: "η 0.05, B 4" }).waitFor();
    await workbench.tab("Sweep: swept").click();
    await expect.poll(() => cells().count()).toBe(4);
  });

  test("a value that is typed is written into the file's list, its comments kept, and its points are run alone", async () => {
    const before = runs().length;
    await map().find(".add-value select").selectOption("optimizer.learningRate");
    await map().find(".add-value input").fill("0.2");
    await map().find(".add-value button").click();
    await expect.poll(() => runs().length, { timeout: 30_000 }).toBe(before + 2);
    expect(written()).toContain('"optimizer.learningRate": [0.05, 0.2, 0.8]');
    expect(written()).toContain("// Both ends of the range matter.");
    expect(runs().slice(-2)).toEqual([
      { "optimizer.batchSize": 4, "optimizer.learningRate": 0.2 },
      { "optimizer.batchSize": "full", "optimizer.learningRate": 0.2 },
    ]);
    await workbench.tab("Sweep: swept").click();
    await expect.poll(() => cells(judged).count(), { timeout: 120_000 }).toBe(6);
    await map().find(".add-value input").fill("fast");
    await map().find(".add-value button").click();
    await workbench.notification(/optimizer.learningRate fast/).waitFor();
    expect(written()).toContain("[0.05, 0.2, 0.8]");
  });

  test("a label dragged along its axis adds the value under the pointer", async () => {
    const handle = map().find(".up .handle").first();
    const top = (await handle.boundingBox())!;
    const bottom = (await map().find(".up .handle").nth(1).boundingBox())!;
    await workbench.page.mouse.move(top.x + 5, top.y + 5);
    await workbench.page.mouse.down();
    // Between 0.8 and 0.2: the geometric mean is 0.4.
    const middle = (top.y + bottom.y) / 2 + top.height / 2;
    await workbench.page.mouse.move(top.x + 5, top.y + 20);
    await workbench.page.mouse.move(top.x + 5, middle);
    await shot("sweep map drag");
    await workbench.page.mouse.up();
    await expect.poll(written, { timeout: 30_000 }).toMatch(/\[0\.05, 0\.2, 0\.(39|4|41), 0\.8\]/);
    await workbench.tab("Sweep: swept").click();
    await expect.poll(() => cells(judged).count(), { timeout: 120_000 }).toBe(8);
  });

  test("axe finds nothing serious in any theme, narrow or wide", async () => {
    const grave = await graveFindings(workbench, map(), async (where) => {
      for (const shown of ["verdict", "sharpness"]) {
        await map().find(`input[value="${shown}"]`).check();
        await workbench.settle();
        await shot(`sweep map ${where} ${shown}`);
      }
    });
    expect(grave).toEqual([]);
  });

  test("all its runs are exported as one picture", async () => {
    await map().find("header button").filter({ hasText: "Export…" }).click();
    await workbench.quickInputAsking("Runs to export: several are laid over one another").waitFor();
    await workbench.page.keyboard.press("Enter");
    await workbench.quickInputAsking("Format for 8 runs").waitFor();
    await workbench.pick("png");
    const path = await workbench.saveAsProposed(".png");
    await workbench.notification(`exported to ${basename(path)}`).waitFor();
    expect(readFileSync(path).subarray(1, 4).toString()).toBe("PNG");
  });
});
