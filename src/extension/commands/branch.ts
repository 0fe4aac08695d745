// Basin: Branch from Run. A new run from one of its checkpoints, with other settings: what would have happened at another learning rate?
import * as vscode from "vscode";
import { withSettings, type RunRecord } from "../../launchers";
import { checkpointSteps } from "../../launchers/checkpoints";
import { UserError } from "../../protocol/errors";
import { stableValue } from "../inline/words";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const branch: Command = {
  id: commandIds.branch,
  title: "Branch from Run",
  needs: "trust",
  run: async (services, argument) => {
    const given = services.inline.shownIn(argument)?.run;
    const texts = { placeHolder: "Run to branch from", none: "no run has a checkpoint yet." };
    const run = await pickRun(
      services,
      given === undefined ? argument : { run: given },
      ({ folder }) => checkpointSteps(folder).length > 0,
      texts,
    );
    if (!run) return;
    const step = await pickStep(run);
    if (step === undefined) return;
    const overrides = await askChanges(run, step);
    if (overrides) await services.starter.branch(run, { step: String(step), overrides });
  },
};

async function pickStep({ folder, info }: RunRecord): Promise<number | undefined> {
  const steps = checkpointSteps(folder).reverse();
  if (steps.length === 0) {
    void vscode.window.showInformationMessage(`Basin: run ${info.id} has no checkpoint yet.`);
    return undefined;
  }
  if (steps.length === 1) return steps[0];
  const items = steps.map((step, i) => ({
    label: `Step ${step.toLocaleString("en-US")}`,
    description: i === 0 ? "newest checkpoint" : "",
    step,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: "Checkpoint to branch from" }))?.step;
}

/** The changed settings as they are typed, each checked by the experiment's own rules; undefined when the user gives up. */
async function askChanges(run: RunRecord, step: number): Promise<string[] | undefined> {
  const { learningRate } = run.info.experiment.optimizer;
  const { steps } = run.info.experiment.stop;
  const stable = stableValue(run, "optimizer.learningRate")?.text ?? String(learningRate);
  const more = steps <= step ? ` stop.steps=${2 * Math.max(step, 500)}` : "";
  const typed = await vscode.window.showInputBox({
    title: `Branch from step ${step.toLocaleString("en-US")}`,
    prompt: "Settings that differ, each key.path=value, with spaces between them",
    value: `optimizer.learningRate=${stable}${more}`,
    validateInput: (text) => problemOf(run, wordsOf(text)),
  });
  return typed === undefined ? undefined : wordsOf(typed);
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

function problemOf(run: RunRecord, overrides: readonly string[]): string | undefined {
  try {
    withSettings(run, overrides);
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [{ message, hint }] = error.problems;
    return hint ? `${message} ${hint}` : message;
  }
}
