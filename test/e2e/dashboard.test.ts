// An experiment file as a dashboard in real VS Code: a form, its text, and the run of it, in one tab.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { writeRun } from "../fixtures/writeRun";
import { experiments, fileOf, writeExperiments } from "./experiments";
import { graveFindings } from "./examine";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

/** The file the form is of, as a person would write it. */
const file = "commented.basin.json";
const written = `{
  "data": { "source": "chebyshev", "degree": 3, "examples": 12, "testExamples": 20 },
  "model": { "kind": "mlp", "hidden": [20], "activation": "tanh" }, // small
  // what this is about
  "optimizer": { "kind": "sgd", "learningRate": 0.05 /* to be tried */, "batchSize": "full" },
  "stop": {
    "minutes": 20, // long enough
  },
  "probes": { "sharpness": { "every": 20 } },
}
`;

inVsCode("The dashboard of an experiment", () => {
  let server: Server;
  let workbench: Workbench;
  const { shot } = openVsCode({ fill }, (vsCode) => ({ server, workbench } = vsCode));

  function fill(workspace: string): void {
    writeExperiments(workspace);
    writeFileSync(join(workspace, file), written);
    writeRun(join(workspace, ".basin", "runs"), "unstable", { file: join(workspace, file), steps: 400 });
  }

  const text = () => readFileSync(join(server.workspace, file), "utf8");
  const elsewhere = (change: (before: string) => string) =>
    writeFileSync(join(server.workspace, file), change(text()));
  const dirty = () => workbench.page.locator(".tab.dirty", { hasText: file });

  /** What stands in the control of a key. */
  const shown = (key: string) => workbench.dashboard().control(key).inputValue();

  async function type(key: string, value: string): Promise<void> {
    const control = workbench.dashboard().control(key);
    await control.fill(value);
    await control.press("Enter");
  }

  test("it opens in the place of the text, with the file's settings and its latest run, and goes back", async () => {
    await workbench.openFile(file);
    await workbench.titleAction("Open Dashboard").click();
    const dashboard = workbench.dashboard();
    await dashboard.banner.filter({ hasText: "Unstable" }).waitFor();
    await dashboard.picture("sharpness");
    expect([await shown("optimizer.learningRate"), await shown("model.hidden")]).toEqual(["0.05", "[20]"]);
    expect(await dashboard.control("optimizer.momentum").getAttribute("placeholder")).toBe("0");
    await expect.poll(() => workbench.tab(file).count()).toBe(1);
    await workbench.titleAction("Open as Text").click();
    await workbench.line("what this is about").waitFor();
    await workbench.command("Basin: Open Dashboard");
    await dashboard.field("optimizer.learningRate").waitFor();
  });

  test("what is typed changes the text there alone, comments kept; undo restores it", async () => {
    await type("optimizer.learningRate", "4e-2");
    await dirty().waitFor();
    await workbench.page.keyboard.press("Control+S");
    await dirty().waitFor({ state: "detached" });
    expect(text()).toBe(written.replace("0.05", "4e-2"));
    await workbench.page.keyboard.press("Control+Z");
    await expect.poll(() => shown("optimizer.learningRate")).toBe("0.05");
    await dirty().waitFor();
    await workbench.page.keyboard.press("Control+S");
    await expect.poll(text).toBe(written);
    await dirty().waitFor({ state: "detached" });
  });

  test("what may not stand there is refused in the checker's words, and the file keeps what it had", async () => {
    const { problems } = checkExperiment(written.replace("0.05", "-1"), file);
    const [{ message }] = problems.filter(({ severity }) => severity === "error");
    await type("optimizer.learningRate", "-1");
    const said = workbench.dashboard().field("optimizer.learningRate").locator(".problems");
    await expect.poll(() => said.innerText()).toBe(message.replaceAll("`", ""));
    expect(await dirty().count()).toBe(0);
    await workbench.page.keyboard.press("Escape");
    await said.waitFor({ state: "hidden" });
    expect(await shown("optimizer.learningRate")).toBe("0.05");
  });

  test("a save takes along what is still being typed", async () => {
    await workbench.dashboard().control("optimizer.learningRate").fill("0.03");
    await workbench.page.keyboard.press("Control+S");
    await expect.poll(text).toBe(written.replace("0.05", "0.03"));
    await dirty().waitFor({ state: "detached" });
  });

  test("a change from elsewhere comes into the form, and neither what is being typed nor its caret moves", async () => {
    const name = workbench.dashboard().control("name");
    await name.fill("halfway");
    await name.press("ArrowLeft");
    await name.press("ArrowLeft");
    elsewhere((before) => before.replace("0.03", "0.02"));
    await expect.poll(() => shown("optimizer.learningRate"), { timeout: 30_000 }).toBe("0.02");
    await name.pressSequentially("X");
    expect(await name.inputValue()).toBe("halfwXay");
    await name.press("Escape");
    await expect.poll(() => shown("name")).toBe("");
  });

  test("a text that is no JSON is said with its line; the charts stay, and the form comes back with the text", async () => {
    const dashboard = workbench.dashboard();
    const before = text();
    elsewhere((now) => now.replace('"stop": {', '"stop": {{'));
    await dashboard.find(".unreadable").filter({ hasText: "cannot be read as JSON" }).waitFor();
    await expect.poll(() => dashboard.find(".form .problems").first().innerText()).toContain("Line 6");
    await dashboard.picture("sharpness");
    expect(await dashboard.control("optimizer.learningRate").isDisabled()).toBe(true);
    elsewhere(() => before);
    await dashboard.find(".unreadable").waitFor({ state: "hidden" });
    expect(await dashboard.control("optimizer.learningRate").isDisabled()).toBe(false);
  });

  test("a probe is put in and taken out; another optimizer takes its own keys", async () => {
    const dashboard = workbench.dashboard();
    await dashboard.find('[data-add="probes.noise"]').click();
    await dashboard.field("probes.noise.every").waitFor();
    await dashboard.control("optimizer.kind").selectOption("adam");
    await dashboard.field("optimizer.beta2").waitFor();
    await dashboard.field("optimizer.nesterov").waitFor({ state: "detached" });
    await workbench.page.keyboard.press("Control+S");
    await expect.poll(text).toContain('"probes": { "sharpness": { "every": 20 }, "noise": {} },');
    expect(text()).toContain('{ "kind": "adam", "learningRate": 0.02 /* to be tried */');
    await dashboard.control("optimizer.kind").selectOption("sgd");
    await dashboard.find('.part[data-key="probes.noise"]').hover();
    await dashboard.find('.part[data-key="probes.noise"] > .reset').click();
    await dashboard.field("probes.noise.every").waitFor({ state: "detached" });
    await workbench.page.keyboard.press("Control+S");
    await expect.poll(text).toBe(written.replace("0.05", "0.02"));
  });

  test("Run trains what the form says; its charts are live there, and no panel opens beside it", async () => {
    const dashboard = workbench.dashboard();
    await dashboard.control("optimizer.learningRate").fill("0.011");
    await dashboard.button("Run").click();
    await dashboard.status.filter({ hasText: "training" }).waitFor();
    await expect.poll(() => dashboard.step(), { timeout: 30_000 }).toBeGreaterThan(0);
    const before = await dashboard.step();
    await expect.poll(() => dashboard.step(), { timeout: 30_000 }).toBeGreaterThan(before);
    expect(text()).toBe(written.replace("0.05", "0.011"));
    expect(await workbench.tab("Basin:").count()).toBe(0);
    await dashboard.button("Stop").click();
    await dashboard.banner.filter({ hasText: /stable|edge|unstable|inconclusive/i }).waitFor();
  });

  test("axe finds nothing serious in any theme, narrow or wide", async () => {
    const dashboard = workbench.dashboard();
    const grave = await graveFindings(workbench, dashboard, (where) => shot(`dashboard ${where}`));
    expect(grave).toEqual([]);
  });

  test("another file's dashboard stands beside it; what one says does not reach the other", async () => {
    await workbench.openFile(fileOf("tooFast"));
    await workbench.command("Basin: Open Dashboard");
    const dashboard = workbench.dashboard();
    const rate = String(experiments.tooFast.optimizer.learningRate);
    await expect.poll(() => shown("optimizer.learningRate")).toBe(rate);
    await dashboard.find(".nothing").filter({ hasText: "No run of this file yet" }).waitFor();
    await workbench.closeAll();
  });
});
