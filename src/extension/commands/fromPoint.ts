// What the commands share that start near a point a run reached: which run, which checkpoint, other settings, and the command line's report.
import { dirname } from "node:path";
import * as vscode from "vscode";
import { checkpointSteps } from "../../launchers/checkpoints";
import { runCli } from "../cliProcess";
import type { Services } from "../services";
import { askSettings, pickStep, problemOfRun } from "./askSettings";
import { pickRun } from "./pickRun";

interface Words {
  /** Over the list of runs. */
  readonly pick: string;
  /** Over the question for settings, before "the point of step N". */
  readonly title: string;
  /** What is proposed there. */
  readonly value: (learningRate: number) => string;
  readonly progress: string;
  /** Over the report, before the run's name. */
  readonly report: string;
}

/** Asks, runs `basin SUBCOMMAND RUN …` and shows what it says. */
export async function fromPoint(
  services: Services,
  argument: unknown,
  { subcommand, words }: { readonly subcommand: "escape" | "explore"; readonly words: Words },
): Promise<void> {
  const texts = { placeHolder: words.pick, none: "no run has a checkpoint yet." };
  const run = await pickRun(services, argument, ({ folder }) => checkpointSteps(folder).length > 0, texts);
  if (!run) return;
  const step = await pickStep(run, "Checkpoint to start from");
  if (step === undefined) return;
  const overrides = await askSettings({
    title: `${words.title} the point of step ${step.toLocaleString("en-US")}`,
    value: words.value(run.info.experiment.optimizer.learningRate),
    problemOf: (typed) => problemOfRun(run, typed),
  });
  if (!overrides) return;
  const settings = overrides.flatMap((one) => ["--set", one]);
  const args = [subcommand, run.folder, "--step", String(step), "--runs", dirname(run.folder), ...settings];
  const location = vscode.ProgressLocation.Notification;
  const { status, output, errors } = await vscode.window.withProgress(
    { location, title: words.progress, cancellable: true },
    (_, token) => runCli(services.context, args, { token, cwd: dirname(run.folder) }),
  );
  // What was found before it was stopped is worth showing.
  if (status === 0 || (status === null && output !== ""))
    await services.reports.show(`${words.report} ${services.runs.nameOf(run)}`, output);
  else if (status !== null) throw new Error(errors || `It ended with status ${status}.`);
}
