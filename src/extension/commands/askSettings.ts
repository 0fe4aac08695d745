// Asks for settings that differ, "key.path=value" with spaces between them, each checked by the experiment's own rules as it is typed.
import * as vscode from "vscode";
import { withSettings, type RunRecord } from "../../launchers";
import { checkpointSteps } from "../../launchers/checkpoints";
import { UserError, type Problem } from "../../protocol/errors";

interface Question {
  readonly title: string;
  readonly value: string;
  /** What is wrong with these settings; undefined when nothing is. */
  readonly problemOf: (overrides: readonly string[]) => string | undefined;
}

/** Undefined when the user gives up. */
export async function askSettings({ title, value, problemOf }: Question): Promise<string[] | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt: "Settings that differ, each key.path=value, with spaces between them",
    value,
    validateInput: (text) => problemOf(wordsOf(text)),
  });
  return typed === undefined ? undefined : wordsOf(typed);
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

export const sayProblem = ({ message, hint }: Problem): string => (hint ? `${message} ${hint}` : message);

/** What is wrong with a run's experiment under these settings. */
export function problemOfRun(run: RunRecord, overrides: readonly string[]): string | undefined {
  try {
    withSettings(run, overrides);
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return sayProblem(error.problems[0]);
  }
}

/** The user's pick among a run's checkpoints. */
export async function pickStep({ folder }: RunRecord, placeHolder: string): Promise<number | undefined> {
  const steps = checkpointSteps(folder).reverse();
  if (steps.length === 0) {
    void vscode.window.showInformationMessage("Basin: this run has no checkpoint yet.");
    return undefined;
  }
  if (steps.length === 1) return steps[0];
  const items = steps.map((step, i) => ({
    label: `Step ${step.toLocaleString("en-US")}`,
    description: i === 0 ? "newest checkpoint" : "",
    step,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.step;
}
