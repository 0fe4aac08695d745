// Basin: Export…: recorded runs as files for other programs, written by the command line while the editor goes on.
import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import type { Exporter } from "../../record/export/exporter";
import { runCli } from "../cliProcess";
import type { Services } from "../services";
import { statusWords } from "../../types/runStatus";
import { runKeyOf } from "../views/tree";
import type { Command } from "./command";
import { experimentFrom } from "./experimentFrom";
import { commandIds } from "./ids";
import { verdictWords } from "../../types/verdictWords";

export const exportRuns: Command = {
  id: commandIds.exportRuns,
  title: "Export…",
  needs: "trust",
  run: async (services, argument) => {
    const runs = await runsToExport(services, argument);
    if (!runs || runs.length === 0) return;
    const exporter = await pickFormat(runs.length);
    const target = exporter && (await pickTarget(exporter, runs));
    if (!exporter || !target) return;
    const title = `Basin: exporting ${runs.length === 1 ? services.runs.nameOf(runs[0]) : `${runs.length} runs`}…`;
    const args = ["export", ...runs.map(({ folder }) => folder), "--format", exporter.format];
    const { status, errors } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title },
      () => runCli(services.context, [...args, "--out", target.fsPath]),
    );
    if (status !== 0) throw new Error(errors || "the export ended unexpectedly.");
    services.log.info(`Exported ${runs.map(({ info }) => info.id).join(", ")} to ${target.fsPath}.`);
    await announce(target, exporter);
  },
};

/** The run that was called with, else the user's choice: of an experiment's own, all of which are ticked, or of every run. */
async function runsToExport({ runs }: Services, argument: unknown): Promise<RunRecord[] | undefined> {
  await runs.refresh();
  const key = runKeyOf(argument);
  if (key !== undefined) return runs.all.filter(({ folder }) => folder === key);
  const experiment = experimentFrom(argument);
  const candidates = experiment ? runs.of(experiment.fsPath) : runs.all;
  if (candidates.length === 0) {
    void vscode.window.showInformationMessage("Basin: there is no run to export yet.");
    return undefined;
  }
  const items = candidates.map((run) => ({
    label: runs.nameOf(run),
    description: run.verdict ? verdictWords(run.verdict).short : statusWords[run.status],
    detail: run.info.id,
    picked: experiment !== undefined,
    run,
  }));
  const placeHolder = "Runs to export: several are laid over one another";
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder,
    canPickMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.map(({ run }) => run);
}

async function pickFormat(count: number): Promise<Exporter | undefined> {
  // Loaded here: no other part of the editor writes these formats.
  const { exporters } = await import("../../record/export");
  const items = exporters.map((exporter) => ({
    label: exporter.format,
    description: exporter.summary,
    exporter,
  }));
  const placeHolder = `Format for ${count === 1 ? "the run" : `${count} runs`}`;
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.exporter;
}

/** The file to write, which the dialog asks to replace; for a format of many files a new folder in the one picked. */
async function pickTarget(exporter: Exporter, [first, ...more]: readonly RunRecord[]) {
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(first.info.file))?.uri;
  const from = folder ?? vscode.Uri.file(dirname(first.folder));
  const base = more.length === 0 ? first.info.id : `${first.info.id}-and-${more.length}-more`;
  const name = basename(exporter.fileName(base));
  if (exporter.isFolder !== true)
    return vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(from, name), title: "Export" });
  const [picked] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      defaultUri: from,
      openLabel: "Export into this Folder",
    })) ?? [];
  return picked && vscode.Uri.file(join(picked.fsPath, name));
}

async function announce(target: vscode.Uri, exporter: Exporter): Promise<void> {
  const [open, reveal] = ["Open", "Reveal"];
  const offered = exporter.isFolder ? [reveal] : [open, reveal];
  const answer = await vscode.window.showInformationMessage(
    `Basin: exported to ${basename(target.fsPath)}.`,
    ...offered,
  );
  // A page is for the browser; a picture or a table for whatever the editor opens it with.
  if (answer === open && exporter.format === "html") await vscode.env.openExternal(target);
  else if (answer === open) await vscode.commands.executeCommand("vscode.open", target);
  if (answer === reveal) await vscode.commands.executeCommand("revealFileInOS", target);
}
