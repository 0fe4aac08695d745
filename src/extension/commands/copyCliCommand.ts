// Basin: Copy as CLI Command. The same run on a terminal, to be called in the workspace folder.
import { dirname, isAbsolute, relative } from "node:path";
import * as vscode from "vscode";
import { runsDirOf, type RunRecord } from "../../launchers";
import { homeOf } from "../../protocol/script";
import { cliCommand, scriptCommand } from "../cliCommand";
import { isScriptPath } from "../ids";
import { workspaceOf } from "../../launchers";
import { folderOf } from "../workspace/folders";
import { runsDirFor } from "../disk/runsDirs";
import type { Command } from "./command";
import { experimentFrom } from "./experimentFrom";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const copyCliCommand: Command = {
  id: commandIds.copyCliCommand,
  title: "Copy as CLI Command",
  run: async (services, argument) => {
    const experiment = experimentFrom(argument);
    const texts = { placeHolder: "Run to repeat on a terminal", none: "there is no run yet." };
    const run = experiment ? undefined : await pickRun(services, argument, () => true, texts);
    const call = experiment ? ofFile(experiment.fsPath) : run && ofRun(run);
    if (call === undefined) return;
    await vscode.env.clipboard.writeText(call);
    void vscode.window.setStatusBarMessage(
      `$(check) Basin: copied, for a terminal in the workspace folder`,
      5000,
    );
  },
};

const ofFile = (file: string): string =>
  cliCommand({ file: shown(file, file), runs: runsOf(file, runsDirFor(file)) });

function ofRun({ folder, info }: RunRecord): string {
  const { overrides, branchedFrom } = info;
  const file = homeOf(info);
  if (isScriptPath(file)) return scriptCommand(shown(file, file), info.experiment.trainer?.args ?? []);
  return cliCommand({
    file: shown(file, file),
    overrides,
    branchedFrom,
    runs: runsOf(file, dirname(folder)),
  });
}

/** Undefined where the command line would put them there by itself. */
const runsOf = (file: string, dir: string): string | undefined =>
  dir === runsDirOf(workspaceOf(file)) ? undefined : shown(dir, file);

/** From the workspace folder of the experiment, where that is shorter. */
function shown(path: string, experiment: string): string {
  const folder = folderOf(experiment);
  if (folder === undefined) return path;
  const short = relative(folder, path);
  return short === "" || short.startsWith("..") || isAbsolute(short) ? path : short;
}
