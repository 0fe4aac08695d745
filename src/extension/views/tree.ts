// The activity bar's tree: experiments, and under each its runs with live status.
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import { Disposables } from "../disposables";
import { viewId } from "../ids";
import type { Services } from "../services";
import type { ExperimentFile } from "../workspace/experiments";
import { samePath } from "../workspace/runs";
import { homeOf } from "../../protocol/script";
import { isScriptPath } from "../ids";
import { experimentItem, goneItem, runItem, scriptItem } from "./treeItems";
import type { RunRecord } from "../../launchers";
import { renewTimes } from "../renewTimes";

type TreeNode =
  | { readonly kind: "experiment"; readonly experiment: ExperimentFile }
  /** A script that was started by itself, or an experiment that is not in the workspace, as run.json names them. */
  | { readonly kind: "gone"; readonly file: string }
  | { readonly kind: "run"; readonly run: string };

/** A row that is drawn anew loses its tooltip: that of a run that trains can be read for this long. */
const rowMilliseconds = 4000;

export function registerTree({ experiments, runs, panel, comparison }: Services, own: Disposables): void {
  const changed = own.own(new vscode.EventEmitter<TreeNode | undefined>());
  const openers = own.own(new RunOpeners((run) => panel.show(run)));
  // One object per run for good: VS Code refreshes a single row only by the object it was given.
  const nodes = new Map<string, TreeNode>();
  const toNode = ({ folder }: RunRecord): TreeNode => {
    const node = nodes.get(folder) ?? { kind: "run", run: folder };
    nodes.set(folder, node);
    return node;
  };
  let shape = "";
  let movedAt = -Infinity;
  const announceChanges = () => {
    const now = JSON.stringify(
      runs.all.map(({ folder, status, verdict, flag, damage, note }) => [
        folder,
        status,
        verdict?.verdict,
        flag !== null,
        damage,
        note,
      ]),
    );
    // A step further is news for its own row only.
    if (now === shape) {
      if (performance.now() - movedAt < rowMilliseconds) return;
      runs.running.forEach((run) => changed.fire(toNode(run)));
    } else changed.fire(undefined);
    movedAt = performance.now();
    shape = now;
  };
  own.own(experiments.onDidChange(() => changed.fire(undefined)));
  own.own(runs.onDidChange(announceChanges));
  const provider: vscode.TreeDataProvider<TreeNode> = {
    onDidChangeTreeData: changed.event,
    getChildren: (node) => {
      if (!node) return roots(experiments.all, runs.all);
      if (node.kind === "run") return [];
      const file = node.kind === "gone" ? node.file : node.experiment.uri.fsPath;
      // A script's runs that an experiment started are that one's.
      return runs
        .of(file)
        .filter(({ info }) => samePath(homeOf(info), file))
        .map(toNode);
    },
    getTreeItem: (node) => {
      if (node.kind === "experiment")
        return experimentItem(node.experiment, runs.of(node.experiment.uri.fsPath));
      if (node.kind === "gone") return isScriptPath(node.file) ? scriptItem(node.file) : goneItem(node.file);
      const record = runs.byKey(node.run);
      if (!record) return new vscode.TreeItem(node.run);
      return runItem(record, {
        label: runs.labelOf(record),
        isTicked: comparison.has(node.run),
        command: openers.commandFor(node.run),
      });
    },
  };
  const view = own.own(
    vscode.window.createTreeView(viewId, {
      treeDataProvider: provider,
      showCollapseAll: true,
      // Ticks are the comparison's: set in the table or the picker too, and by no parent row.
      manageCheckboxStateManually: true,
    }),
  );
  own.own(
    view.onDidChangeCheckboxState(({ items }) => {
      for (const on of [true, false]) {
        const wanted = on ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked;
        const keys = items.flatMap(([node, state]) =>
          node.kind === "run" && state === wanted ? [node.run] : [],
        );
        if (keys.length > 0) comparison.tick(keys, on);
      }
    }),
  );
  own.own(comparison.onDidChange(() => changed.fire(undefined)));
  own.own(
    renewTimes(
      () => view.visible,
      () => changed.fire(undefined),
    ),
  );
  own.own(view.onDidChangeVisibility(({ visible }) => visible && changed.fire(undefined)));
  const count = () => {
    const n = runs.running.length;
    view.badge = n > 0 ? { value: n, tooltip: `${n} ${n === 1 ? "run" : "runs"} training` } : undefined;
  };
  own.own(runs.onDidChange(count));
}

/**
 * A command for each run's row, without arguments: VS Code drops the arguments of a row's command when it refreshes the row,
 * which happens every few seconds while a run trains, and a click that comes in between would fail.
 */
class RunOpeners {
  private readonly own = new Disposables();
  private readonly commands = new Map<string, string>();

  constructor(private readonly open: (run: string) => void) {}

  commandFor(run: string): vscode.Command {
    let command = this.commands.get(run);
    if (command === undefined) {
      command = `${commandIds.openPanel}/${this.commands.size}`;
      this.commands.set(run, command);
      this.own.own(vscode.commands.registerCommand(command, () => this.open(run)));
    }
    return { title: "Open Panel", command };
  }

  dispose(): void {
    this.own.dispose();
  }
}

/** Experiment files, then scripts that ran by themselves and files that are gone but left runs behind. */
function roots(experiments: readonly ExperimentFile[], runs: readonly RunRecord[]): TreeNode[] {
  const known = (file: string) => experiments.some(({ uri }) => samePath(uri.fsPath, file));
  const orphans = [...new Set(runs.map(({ info }) => homeOf(info)).filter((file) => !known(file)))];
  return [
    ...experiments.map((experiment): TreeNode => ({ kind: "experiment", experiment })),
    ...orphans.map((file): TreeNode => ({ kind: "gone", file })),
  ];
}

/** The run, by its folder, that a command is called with from a lens, the tree or the palette. */
export const runKeyOf = (argument: unknown): string | undefined => {
  if (typeof argument !== "object" || argument === null || !("run" in argument)) return undefined;
  return typeof argument.run === "string" ? argument.run : undefined;
};
