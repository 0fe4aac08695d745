// Basin: Show Sweep Map. The sweep of an experiment as a phase diagram, live.
import type { Command } from "./command";
import { experimentFrom, pickExperiment } from "./experimentFrom";
import { commandIds } from "./ids";

export const showSweepMap: Command = {
  id: commandIds.showSweepMap,
  title: "Show Sweep Map",
  run: async (services, argument) => {
    const given = experimentFrom(argument) ?? experimentFrom("active");
    const uri = given ?? (await pickExperiment(services, "Experiment whose sweep to show"));
    if (uri) await services.sweepMaps.show(uri);
  },
};
