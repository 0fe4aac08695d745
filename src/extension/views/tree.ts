// The activity bar's tree: experiments, and under each its runs with live status.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { viewId } from "../ids";
import type { Services } from "../services";
import { toExperimentFile, type ExperimentFile } from "../workspace/experiments";
import { samePath } from "../workspace/runs";
import { experimentItem, runItem } from "./treeItems";
import type { RunRecord } from "../../launchers";

export type TreeNode =
  | { readonly kind: "experiment"; readonly experiment: ExperimentFile; readonly gone: boolean }
  | { readonly kind: "run"; readonly run: string };

export function registerTree({ experiments, runs }: Services, own: Disposables): void {
  const changed = own.own(new vscode.EventEmitter<TreeNode | undefined>());
  own.own(experiments.onDidChange(() => changed.fire(undefined)));
  own.own(runs.onDidChange(() => changed.fire(undefined)));
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
      return record ? runItem(record, node) : new vscode.TreeItem(node.run);
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

const toNode = ({ info }: RunRecord): TreeNode => ({ kind: "run", run: info.id });

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
