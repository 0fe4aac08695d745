// Basin: Open Run File. The files of a run folder, in the editor.
import * as vscode from "vscode";
import { files } from "../../protocol/runFolder";
import type { Services } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

const choices = [
  { name: files.verdict, what: "the verdict with its evidence" },
  { name: files.events, what: "every reading, one JSON object a line" },
  { name: files.run, what: "the experiment as resolved, versions, machine" },
  { name: files.log, what: "what the process printed" },
] as const;

export const openRunFile: Command<Services> = {
  id: commandIds.openRunFile,
  title: "Open Run File",
  run: async (services, argument) => {
    const texts = { placeHolder: "Run", none: "there is no run yet." };
    const run = await pickRun(services, argument, () => true, texts);
    if (!run) return;
    const { source } = services.runs;
    const there = await Promise.all(choices.map(({ name }) => isThere(source.uriIn(run.folder, name))));
    const items = choices
      .filter((_, i) => there[i])
      .map(({ name, what }) => ({ label: name, description: what }));
    const picked = await vscode.window.showQuickPick(items, {
      placeHolder: `File of ${services.runs.nameOf(run)}`,
    });
    if (picked) await vscode.window.showTextDocument(source.uriIn(run.folder, picked.label));
  },
};

const isThere = async (uri: vscode.Uri): Promise<boolean> => {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
};
