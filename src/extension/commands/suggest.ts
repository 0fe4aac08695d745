// Basin: Suggest Learning Rate. The command line searches in a process of its own; its evidence is shown, and its values are written when the user says so.
import { dirname } from "node:path";
import * as vscode from "vscode";
import { withValue } from "../../protocol/jsonEdit";
import { runCli } from "../cliProcess";
import type { Services } from "../services";
import type { Command } from "./command";
import { experimentFrom, pickExperiment } from "./experimentFrom";
import { commandIds } from "./ids";

/** What the command reads of `basin suggest --json`. */
interface Answer {
  readonly experiment: string;
  readonly edits: readonly { readonly path: readonly string[]; readonly source: string }[];
  readonly text: string;
}

export const suggest: Command = {
  id: commandIds.suggest,
  title: "Suggest Learning Rate",
  needs: "trust",
  run: async (services, argument) => {
    const uri =
      experimentFrom(argument) ?? (await pickExperiment(services, "Experiment to find a learning rate for"));
    if (!uri) return;
    // The search reads the file as it is on the disk.
    const document = await vscode.workspace.openTextDocument(uri);
    if (document.isDirty && !(await document.save())) return;
    const output = await search(services, uri);
    if (output === undefined) return;
    const { experiment, edits, text } = JSON.parse(output) as Answer;
    await services.reports.show(`Learning rate for ${experiment}`, text);
    if (edits.length === 0) return;
    const told = edits.map(({ path, source }) => `${path.join(".")} = ${source}`).join(", ");
    const yes = "Write It";
    if ((await vscode.window.showInformationMessage(`Basin suggests ${told}.`, yes)) !== yes) return;
    await write(uri, edits);
  },
};

/** Undefined when the user ends it. */
async function search(services: Services, uri: vscode.Uri): Promise<string | undefined> {
  const progress = {
    location: vscode.ProgressLocation.Notification,
    title: "Basin: training for short stretches at several learning rates…",
    cancellable: true,
  };
  const { status, output, errors } = await vscode.window.withProgress(progress, (_, token) =>
    runCli(services.context, ["suggest", uri.fsPath, "--json"], { token, cwd: dirname(uri.fsPath) }),
  );
  if (status === 0) return output;
  if (status === null) return undefined;
  throw new Error(errors || `It ended with status ${status}.`);
}

/** As an edit that can be undone, of the text as it is by now. */
async function write(uri: vscode.Uri, edits: Answer["edits"]): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const before = document.getText();
  const text = edits.reduce((changed, { path, source }) => withValue(changed, path, source), before);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, new vscode.Range(document.positionAt(0), document.positionAt(before.length)), text);
  await vscode.workspace.applyEdit(edit);
}
