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
    const step = await pickStep(run, "Checkpoint to branch from");
    if (step === undefined) return;
    const overrides = await askSettings({
      title: `Branch from step ${step.toLocaleString("en-US")}`,
      value: suggested(run, step),
      problemOf: (typed) => problemOfRun(run, typed),
    });
    if (overrides) await services.starter.branch(run, { step: String(step), overrides });
  },
};

/** The learning rate that would be stable, and steps enough that something is left to train. */
function suggested(run: RunRecord, step: number): string {
  const { learningRate } = run.info.experiment.optimizer;
  const { steps } = run.info.experiment.stop;
  const stable = stableValue(run, "optimizer.learningRate")?.text ?? String(learningRate);
  const more = steps <= step ? ` stop.steps=${2 * Math.max(step, 500)}` : "";
  return `optimizer.learningRate=${stable}${more}`;
}
