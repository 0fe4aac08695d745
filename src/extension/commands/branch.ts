// Basin: Branch from Run. A new run from one of its checkpoints, with other settings: what would have happened at another learning rate?
import type { RunRecord } from "../../launchers";
import { checkpointSteps } from "../../launchers/checkpoints";
import { stableValue } from "../inline/words";
import { askSettings, pickStep, problemOfRun } from "./askSettings";
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
    const asked = askedFor(argument);
    const step = checkpointUpTo(run, asked.upTo) ?? (await pickStep(run, "Checkpoint to branch from"));
    if (step === undefined) return;
    const overrides = await askSettings({
      title: `Branch from step ${step.toLocaleString("en-US")}`,
      value: suggested(run, step, asked.settings),
      problemOf: (typed) => problemOfRun(run, typed),
    });
    if (overrides) await services.starter.branch(run, { step: String(step), overrides });
  },
};

/** What a page of Basin's asks for: from the last checkpoint up to a step, with settings to begin with. */
export interface BranchFrom {
  readonly run: string;
  readonly upTo: number;
  readonly settings: string;
}

/** The page's wishes; none from elsewhere. */
function askedFor(argument: unknown): Partial<Pick<BranchFrom, "upTo" | "settings">> {
  if (typeof argument !== "object" || argument === null) return {};
  const upTo = "upTo" in argument && typeof argument.upTo === "number" ? argument.upTo : undefined;
  const settings =
    "settings" in argument && typeof argument.settings === "string" ? argument.settings : undefined;
  return { upTo, settings };
}

/** The first one where all are later; undefined where no step was asked for, or there is none. */
function checkpointUpTo({ folder }: RunRecord, step: number | undefined): number | undefined {
  if (step === undefined) return undefined;
  const steps = checkpointSteps(folder);
  return steps.findLast((one) => one <= step) ?? steps[0];
}

/** The learning rate that would be stable, where no settings were asked for, and steps enough that something is left to train. */
function suggested(run: RunRecord, step: number, settings: string | undefined): string {
  const { learningRate } = run.info.experiment.optimizer;
  const { steps } = run.info.experiment.stop;
  const stable = stableValue(run, "optimizer.learningRate")?.text ?? String(learningRate);
  const more = steps <= step ? ` stop.steps=${2 * Math.max(step, 500)}` : "";
  return `${settings ?? `optimizer.learningRate=${stable}`}${more}`;
}
