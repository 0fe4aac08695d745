// Basin: Run with Changes. The experiment at other settings, its file left as it is.
import * as vscode from "vscode";
import { checkOptions } from "../../record/disk/checkOptions";
import { loadChecker } from "../language/checker";
import { askSettings, sayProblem } from "./askSettings";
import type { Command } from "./command";
import { experimentFrom, pickExperiment } from "./experimentFrom";
import { commandIds } from "./ids";
import { start } from "./run";

export const runWith: Command = {
  id: commandIds.runWith,
  title: "Run with Changes…",
  needs: "trust",
  run: async (services, argument) => {
    const uri =
      experimentFrom(argument) ?? (await pickExperiment(services, "Experiment to run with changes"));
    if (!uri) return;
    const text = (await vscode.workspace.openTextDocument(uri)).getText();
    const { checkExperiment } = await loadChecker();
    const check = (overrides: readonly string[]) =>
      checkExperiment(text, uri.fsPath, { ...checkOptions(uri.fsPath), overrides });
    const written = check([]);
    // What is wrong with the file itself is said where it stands.
    if (written.points.length === 0) return start(services, uri);
    const { learningRate } = written.points[0].experiment.optimizer;
    const key = `runWith ${uri.toString()}`;
    const overrides = await askSettings({
      title: `Run ${written.points[0].experiment.name} with changes`,
      value: services.context.workspaceState.get(key, `optimizer.learningRate=${learningRate}`),
      problemOf: (typed) => {
        const problem = check(typed).problems.find(({ severity }) => severity === "error");
        return problem && sayProblem(problem);
      },
    });
    if (!overrides) return;
    await services.context.workspaceState.update(key, overrides.join(" "));
    await start(services, uri, overrides);
  },
};
