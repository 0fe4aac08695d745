// Basin: Run on Slurm. The experiment as jobs of the cluster whose login node this is, whatever its file says of where to run.
import type { Command } from "./command";
import { experimentFrom, pickExperiment } from "./experimentFrom";
import { commandIds } from "./ids";
import { start } from "./run";

export const runOnSlurm: Command = {
  id: commandIds.runOnSlurm,
  title: "Run on Slurm",
  needs: "trust",
  run: async (services, argument) => {
    const uri = experimentFrom(argument) ?? (await pickExperiment(services, "Experiment to run on Slurm"));
    if (uri) await start(services, uri, [], "slurm");
  },
};
