// Basin: Set Up PyTorch. Finds the Python that scripts run with, puts the package into it that came with the extension, and says what it did.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { runCli } from "../cliProcess";
import type { Command } from "./command";
import { commandIds } from "./ids";

const exec = promisify(execFile);

/** Returns what pip said. It is given a wheel, which takes nothing but Python to make: an environment may have no tool that builds. */
async function install(path: string, source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "basin-torch-"));
  try {
    const { stdout: wheel } = await exec(path, [join(source, "wheel.py"), folder]);
    const args = ["-m", "pip", "install", "--no-deps", "--no-index", "--force-reinstall", wheel.trim()];
    const { stdout, stderr } = await exec(path, args);
    return `${path} ${args.join(" ")}\n${stdout}${stderr}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the command line's inspection tells of Python. */
interface Found {
  readonly name: string;
  readonly text: string;
  readonly python?: { readonly path: string; readonly torch: string; readonly bridge: string };
}

export const setUpPytorch: Command = {
  id: commandIds.setUpPytorch,
  title: "Set Up PyTorch",
  needs: "trust",
  run: async ({ context, log }) => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const cwd = folder?.uri.scheme === "file" ? folder.uri.fsPath : undefined;
    const { output, errors } = await runCli(context, ["doctor", "--json"], { cwd });
    const found = (JSON.parse(output || "[]") as Found[]).find(({ name }) => name === "Python with torch");
    if (!found?.python) throw new Error(found?.text ?? errors);
    const { path, torch, bridge } = found.python;
    if (!torch) throw new Error(`${found.text}. Then call this command again.`);
    const source = join(context.extensionPath, "python");
    if (!existsSync(join(source, "pyproject.toml")))
      throw new Error("This package of Basin holds no Python package.");
    const verb = bridge ? "Install again" : "Install";
    const question = `${verb} basin-torch, which came with Basin, into ${path} (torch ${torch}${bridge ? `, basin-torch ${bridge}` : ""})? It runs pip there and downloads nothing.`;
    if ((await vscode.window.showInformationMessage(question, { modal: true }, verb)) !== verb) return;
    const progress = { location: vscode.ProgressLocation.Notification, title: "Basin: setting up PyTorch…" };
    const said = await vscode.window.withProgress(progress, () => install(path, source));
    log.info(said);
    void vscode.window.showInformationMessage(
      `Basin: basin-torch is installed in ${path}. Call basin.watch(model, optimizer, …) in your script.`,
    );
  },
};
