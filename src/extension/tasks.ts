// Tasks that run an experiment in a terminal, so that one fits into build tasks and a launch configuration's preLaunchTask.
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import { asNode, cliScript } from "./cliProcess";
import type { Disposables } from "./disposables";
import { taskType } from "./ids";
import type { Services } from "./services";
import { pythonEnvironment } from "./settings";
import { taskArguments, taskName, type BasinTask } from "./taskArguments";
import { runsDirFor } from "./disk/runsDirs";

export function registerTasks({ context, experiments }: Services, own: Disposables): void {
  const make = (definition: BasinTask & vscode.TaskDefinition, folder: vscode.WorkspaceFolder) => {
    const root = folder.uri.fsPath;
    const file = isAbsolute(definition.file) ? definition.file : join(root, definition.file);
    const args = taskArguments({ ...definition, file }, runsDirFor(file));
    const env: Record<string, string> = { ...pythonEnvironment(), ...asNode };
    const call = new vscode.ProcessExecution(process.execPath, [cliScript(context), ...args], {
      cwd: root,
      env,
    });
    return new vscode.Task(definition, folder, taskName(definition), "basin", call, []);
  };
  const provider: vscode.TaskProvider = {
    provideTasks: async () => {
      if (experiments.all.length === 0) await experiments.refresh();
      return experiments.all.flatMap(({ uri }) => {
        const folder = vscode.workspace.getWorkspaceFolder(uri);
        if (!folder) return [];
        return [make({ type: taskType, file: vscode.workspace.asRelativePath(uri, false) }, folder)];
      });
    },
    resolveTask: ({ definition, scope }) => {
      const { file } = definition as Partial<BasinTask>;
      if (typeof file !== "string") return undefined;
      const all = vscode.workspace.workspaceFolders ?? [];
      const folder =
        typeof scope === "object"
          ? scope
          : (all.find(({ uri }) => existsSync(join(uri.fsPath, file))) ?? all[0]);
      return folder && make(definition as BasinTask & vscode.TaskDefinition, folder);
    },
  };
  own.own(vscode.tasks.registerTaskProvider(taskType, provider));
}
