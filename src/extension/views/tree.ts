// The activity bar's tree: experiments, and under each its runs with live status.
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import { Disposables } from "../disposables";
import { viewId } from "../ids";
import type { Services } from "../services";
import { toExperimentFile, type ExperimentFile } from "../workspace/experiments";
import { samePath } from "../workspace/runs";
import { experimentItem, runItem } from "./treeItems";
import type { RunRecord } from "../../launchers";

export type TreeNode =
  | { readonly kind: "experiment"; readonly experiment: ExperimentFile; readonly gone: boolean }
  | { readonly kind: "run"; readonly run: string };

export function registerTree({ experiments, runs, panel }: Services, own: Disposables): void {
  const changed = own.own(new vscode.EventEmitter<TreeNode | undefined>());
  const openers = own.own(new RunOpeners((id) => panel.show(id)));
  // One object per run for good: VS Code refreshes a single row only by the object it was given.
  const nodes = new Map<string, TreeNode>();
  const toNode = ({ info: { id } }: RunRecord): TreeNode => {
    const node = nodes.get(id) ?? { kind: "run", run: id };
    nodes.set(id, node);
    return node;
  };
  let shape = "";
  const look = () => {
    const now = JSON.stringify(
      runs.all.map(({ info, status, verdict }) => [info.id, status, verdict?.verdict]),
    );
    // A step further is news for its own row only.
    if (now === shape) runs.running.forEach((run) => changed.fire(toNode(run)));
    else changed.fire(undefined);
    shape = now;
  };
  own.own(experiments.onDidChange(() => changed.fire(undefined)));
  own.own(runs.onDidChange(look));
  const provider: vscode.TreeDataProvider<TreeNode> = {
    onDidChangeTreeData: changed.event,
    getChildren: (node) => {
      if (!node) return roots(experiments.all, runs.all);
      return node.kind === "experiment" ? runs.of(node.experiment.uri.fsPath).map(toNode) : [];
    },
    getTreeItem: (node) => {
      if (node.kind === "experiment")
        return experimentItem(node.experiment, runs.of(node.experiment.uri.fsPath), node.gone);
      const record = runs.byId(node.run);
      return record ? runItem(record, openers.commandFor(node.run)) : new vscode.TreeItem(node.run);
    },
  };
  const view = own.own(
    vscode.window.createTreeView(viewId, { treeDataProvider: provider, showCollapseAll: true }),
  );
  const count = () => {
    const n = runs.running.length;
    view.badge = n > 0 ? { value: n, tooltip: `${n} ${n === 1 ? "run" : "runs"} training` } : undefined;
  };
  own.own(runs.onDidChange(count));
}

/**
 * A command for each run's row, without arguments: VS Code drops the arguments of a row's command when it refreshes the row,
 * which happens twice a second while a run trains, and a click that comes in between would fail.
 */
class RunOpeners {
  private readonly own = new Disposables();
  private readonly known = new Set<string>();

  constructor(private readonly open: (run: string) => void) {}

  commandFor(run: string): vscode.Command {
    const command = `${commandIds.openPanel}/${run}`;
    if (!this.known.has(run)) {
      this.known.add(run);
      this.own.own(vscode.commands.registerCommand(command, () => this.open(run)));
    }
    return { title: "Open Panel", command };
  }

  dispose(): void {
    this.own.dispose();
  }
}

/** Experiment files, then those that are gone but left runs behind. */
function roots(experiments: readonly ExperimentFile[], runs: readonly RunRecord[]): TreeNode[] {
  const known = (file: string) => experiments.some(({ uri }) => samePath(uri.fsPath, file));
  const orphans = [...new Set(runs.map(({ info }) => info.file).filter((file) => !known(file)))];
  return [
    ...experiments.map((experiment): TreeNode => ({ kind: "experiment", experiment, gone: false })),
    ...orphans.map((file): TreeNode => ({
      kind: "experiment",
      experiment: toExperimentFile(vscode.Uri.file(file)),
      gone: true,
    })),
  ];
}

/** What a command gets when it is called from a lens, the tree or the palette. */
export const runIdOf = (argument: unknown): string | undefined => {
  if (typeof argument !== "object" || argument === null || !("run" in argument)) return undefined;
  return typeof argument.run === "string" ? argument.run : undefined;
};
