// Runs in the outputs of notebook cells: each is told of its run while the notebook is in sight. An output may be anyone's: it names a folder, and only runs of this workspace are read.
import { dirname, resolve } from "node:path";
import * as vscode from "vscode";
import { decodeFromNotebook, toNotebook, type FromNotebook } from "../../record/notebookMessages";
import { commandIds } from "../commands/ids";
import type { LookedDirs } from "../disk/lookedDirs";
import { Disposables } from "../disposables";
import { plain } from "../format";
import { notebookRenderer } from "../ids";
import { RunFollower } from "../panel/runFollower";
import type { PageServices } from "../panel/runPage";
import { folderOf } from "../workspace/folders";
import { messageOf } from "../messageOf";

/** An output in a notebook that has been opened, whether it is in sight or not. */
interface Output {
  readonly notebook: string;
  /** The folders it may mean, of which the first that holds a run is it. */
  readonly folders: readonly string[];
  readonly follower: RunFollower;
  /** The folder of the run it is told of. */
  following: string | undefined;
}

export class NotebookRuns {
  private readonly own = new Disposables();
  private readonly messaging = vscode.notebooks.createRendererMessaging(notebookRenderer);
  private readonly outputs = new Map<string, Output>();

  constructor(
    private readonly services: PageServices,
    private readonly looked: LookedDirs,
  ) {
    const { runs, log } = services;
    const update = () => this.update();
    this.own.own(runs.onDidChange(update));
    this.own.own(vscode.window.onDidChangeVisibleNotebookEditors(update));
    this.own.own(
      vscode.workspace.onDidCloseNotebookDocument(({ uri }) => {
        for (const [key, { notebook, follower }] of this.outputs) {
          if (notebook !== uri.toString()) continue;
          follower.stop();
          this.outputs.delete(key);
        }
      }),
    );
    this.own.own(
      this.messaging.onDidReceiveMessage(({ editor, message: raw }) => {
        const message = decodeFromNotebook(raw);
        if (!message) return log.warn("Notebook: a message that is none.");
        this.receive(editor.notebook, message).catch((error: unknown) => {
          log.error(`Notebook, ${message.kind}: ${String(error)}`);
          void vscode.window.showErrorMessage(`Basin: ${plain(messageOf(error))}`);
        });
      }),
    );
  }

  private async receive({ uri }: vscode.NotebookDocument, message: FromNotebook): Promise<void> {
    const { runs } = this.services;
    const keyOf = (output: string) => `${uri.toString()} ${output}`;
    switch (message.kind) {
      case "show": {
        this.leave(keyOf(message.output));
        this.outputs.set(keyOf(message.output), this.outputFor(uri, message));
        this.looked.look(foldersMeant(uri, message.folder));
        await runs.refresh();
        return this.update();
      }
      case "received":
        return this.outputs.get(keyOf(message.output))?.follower.received();
      case "leave":
        return this.leave(keyOf(message.output));
      case "openPanel":
        if (runs.byKey(message.run))
          await vscode.commands.executeCommand(commandIds.openPanel, { run: message.run });
        return;
      case "stop": {
        const run = runs.byKey(message.run);
        if (run) await vscode.commands.executeCommand(commandIds.stop, { run: run.folder });
      }
    }
  }

  private outputFor(uri: vscode.Uri, { output, folder }: Extract<FromNotebook, { kind: "show" }>): Output {
    const notebook = uri.toString();
    const follower = new RunFollower(this.services.runs, (message) => {
      const editor = editorOf(notebook);
      if (editor) void this.messaging.postMessage(toNotebook(output, message), editor);
    });
    return { notebook, folders: foldersMeant(uri, folder), follower, following: undefined };
  }

  private leave(key: string): void {
    this.outputs.get(key)?.follower.stop();
    this.outputs.delete(key);
  }

  /** Tells each output in sight of its run, from the beginning where it was out of sight; nothing is read for the others. */
  private update(): void {
    for (const output of this.outputs.values()) {
      const run = output.folders
        .map((folder) => this.services.runs.byKey(folder))
        .find((one) => one !== undefined);
      if (!run || !editorOf(output.notebook)) {
        output.follower.stop();
        output.following = undefined;
      } else if (output.following === run.folder) output.follower.refresh(run);
      else {
        output.following = run.folder;
        output.follower.follow(run);
      }
    }
  }

  dispose(): void {
    for (const key of [...this.outputs.keys()]) this.leave(key);
    this.own.dispose();
  }
}

const editorOf = (notebook: string): vscode.NotebookEditor | undefined =>
  vscode.window.visibleNotebookEditors.find(({ notebook: { uri } }) => uri.toString() === notebook);

/** From the workspace folder, and from the notebook's own. */
function foldersMeant(notebook: vscode.Uri, folder: string): string[] {
  if (notebook.scheme !== "file") return [];
  const near = dirname(notebook.fsPath);
  return [folderOf(notebook.fsPath) ?? near, near].map((base) => resolve(base, folder));
}
