// A workspace that somebody else made, opened in real VS Code: what is broken costs itself, and nothing leaves the workspace or the page.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileOf } from "./experiments";
import { fillHostile, makeRepository, placesOf, stateOf } from "./hostileRuns";
import { inVsCodeOnPosix, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCodeOnPosix("A workspace made by somebody else", () => {
  let server: Server;
  let workbench: Workbench;
  let victim: ChildProcess;
  let ran = "";
  let outside = "";
  let address = "";
  /** What reached the address that every picture and link of this workspace names. */
  const asked: string[] = [];
  const beacon = createServer(({ url }, answer) => {
    asked.push(url ?? "");
    answer.end();
  });

  beforeAll(async () => {
    await new Promise<void>((done) => beacon.listen(0, "127.0.0.1", done));
    address = `http://127.0.0.1:${(beacon.address() as AddressInfo).port}`;
    victim = spawn("sleep", ["1000"], { stdio: "ignore" });
  });

  afterAll(() => {
    victim?.kill("SIGKILL");
    beacon.close();
  });

  // VS Code's own git would run what the repository asks for.
  const own = { "git.enabled": false, "workbench.hover.delay": 100 };
  openVsCode({ settings: own, fill }, (vsCode) => ({ server, workbench } = vsCode));

  function fill(workspace: string): void {
    fillHostile(workspace, address, victim.pid!);
    ran = makeRepository(workspace);
    outside = stateOf(placesOf(workspace).outside);
  }

  const places = () => placesOf(server.workspace);
  const row = (learningRate: number) => workbench.treeRow(`η ${learningRate},`);

  test("every run is listed, the good ones as they are, the damaged ones as damaged", async () => {
    await workbench.showTree();
    await row(0.011).filter({ hasText: "edge of stability" }).waitFor();
    await row(0.012).filter({ hasText: "edge of stability" }).waitFor();
    await row(0.013).filter({ hasText: "damaged: events.jsonl is no plain file" }).waitFor();
    await row(0.014).filter({ hasText: "damaged: verdict.json is no JSON" }).waitFor();
    await row(0.015).filter({ hasText: "edge of stability · damaged: a line of events.jsonl" }).waitFor();
    expect(await (await workbench.tooltip(row(0.015))).innerText()).toContain(
      "Damaged: a line of events.jsonl",
    );
    await row(0.016).filter({ hasText: "step 0" }).waitFor();
    await row(0.018).filter({ hasText: "damaged: verdict.json is a link" }).waitFor();
    for (const what of ["is no plain file", "is a link", "has 17179869184 bytes"])
      await workbench.treeRow(`damaged: run.json ${what}`).waitFor();
    // Rows of the same name, which VS Code refuses where they are not told apart.
    await row(0.021).waitFor();
    await row(0.022).waitFor();
    expect(await row(0.019).count()).toBe(0);
  });

  test("names and messages are text in the tree and in the panel, and load nothing", async () => {
    const hover = await workbench.tooltip(row(0.012));
    expect(await hover.innerText()).toContain('<img src="http://127.0.0.1');
    expect(await hover.locator("img, a, b, script").count()).toBe(0);
    await row(0.012).click();
    const panel = workbench.panel();
    await panel.banner.filter({ hasText: '<img src="http://127.0.0.1' }).waitFor();
    await panel.find("summary").first().click();
    await panel.showNumbers();
    await panel.metric("sharpness").click();
    await panel.details.waitFor();
    expect(await panel.find("#basin img, #basin a, #basin script, #basin b").count()).toBe(0);
    await workbench.page.keyboard.press("Escape");
    expect(asked).toEqual([]);
  });

  test("the panel's page loads and sends nothing, whatever came to be written into it", async () => {
    const blocked = await workbench.panel().find("body").evaluate(`(async () => {
        const add = (name, attributes) => {
          const element = Object.assign(document.createElement(name), attributes);
          document.body.append(element);
          return new Promise((done) => (element.onerror = element.onload = () => done(name)));
        };
        const own = document.baseURI;
        document.head.append(Object.assign(document.createElement("base"), { href: "${address}/" }));
        const tried = [
          add("img", { src: "${address}/img" }),
          add("script", { src: "${address}/script" }),
          add("link", { rel: "stylesheet", href: "${address}/style" }),
          fetch("${address}/fetch").catch(() => "fetch"),
        ];
        navigator.sendBeacon("${address}/beacon");
        const form = document.createElement("form");
        Object.assign(form, { action: "${address}/form", method: "post" });
        document.body.append(form);
        form.submit();
        return [...(await Promise.all(tried)), document.baseURI === own];
      })()`);
    expect(blocked).toEqual(["img", "script", "link", "fetch", true]);
    expect(asked).toEqual([]);
    await fetch(`${address}/control`);
    expect(asked.splice(0)).toEqual(["/control"]);
    // What a blocked form leaves behind is no page any more.
    await workbench.closeAll();
  });

  test("a log that is a pipe holds nothing up: the panel shows that run, and the next", async () => {
    const panel = workbench.panel();
    await row(0.013).click();
    await panel.status.filter({ hasText: "waiting" }).waitFor();
    await row(0.011).click();
    await panel.banner.filter({ hasText: "edge of stability" }).waitFor();
    await panel.picture("sharpness");
  });

  test("Stop signals no process that only a run folder calls its own", async () => {
    await workbench.choose(row(0.016), "Stop Run");
    await expect.poll(() => existsSync(join(places().folder("claims-another"), "stop"))).toBe(true);
    expect(execFileSync("ps", ["-o", "stat=", "-p", String(victim.pid)], { encoding: "utf8" })).toMatch(/^S/);
    expect([victim.exitCode, victim.signalCode]).toEqual([null, null]);
  });

  test("a run that leads out of its folder is not resumed; the message is text", async () => {
    await workbench.choose(row(0.018), "Resume Run");
    const said = workbench.notification(/is a link, not written to/);
    await said.waitFor();
    expect(await said.innerText()).toContain("press");
    expect(await said.locator(".notification-list-item-message a").count()).toBe(0);
    expect(stateOf(places().outside)).toBe(outside);
    await workbench.command("Notifications: Clear All Notifications");
  });

  test("Delete removes the folder that was picked, not its copy, and nothing that a link leads to", async () => {
    const { runs, folder } = places();
    const copies = () => readdirSync(runs).filter((name) => /-first(-copy)?$/.test(name));
    await workbench.choose(row(0.017), "Delete Run");
    const question = await workbench.dialog.innerText();
    const picked = /from the disk: (\S+)\./.exec(question)?.[1] ?? "";
    expect(copies()).toContain(picked);
    await workbench.dialog.getByText("Delete", { exact: true }).click();
    await expect.poll(() => copies().length).toBe(1);
    expect(copies()).not.toContain(picked);
    await row(0.017).waitFor();
    const leading = folder("<img src=x>");
    await workbench.choose(row(0.018), "Delete Run");
    expect(await workbench.dialog.locator(".dialog-message-row a, img").count()).toBe(0);
    await workbench.dialog.getByText("Delete", { exact: true }).click();
    await expect.poll(() => existsSync(leading)).toBe(false);
    await workbench.choose(workbench.treeRow("damaged: run.json is a link"), "Delete Run");
    await workbench.dialog.getByText("Delete", { exact: true }).click();
    await workbench.treeRow("damaged: run.json is a link").waitFor({ state: "detached" });
    expect(stateOf(places().outside)).toBe(outside);
  });

  test("Run asks git for the commit, and git runs nothing that the repository names", async () => {
    await workbench.openFile(fileOf("exploding"));
    await workbench.lens("▶ Run").click();
    await workbench.panel().banner.filter({ hasText: "Diverged" }).waitFor();
    const { runs } = places();
    const name = readdirSync(runs).find((one) => one.includes("exploding")) ?? "";
    const { git } = JSON.parse(readFileSync(join(runs, name, "run.json"), "utf8")) as {
      git: { commit: string };
    };
    expect(git.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(existsSync(ran)).toBe(false);
    // As any other program would be made to.
    execFileSync("git", ["status"], { cwd: server.workspace });
    expect(existsSync(ran)).toBe(true);
    expect(asked).toEqual([]);
  });
});
