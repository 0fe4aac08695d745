// Basin: Refresh. Looks for experiments and runs again.
import type { Services } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const refresh: Command<Services> = {
  id: commandIds.refresh,
  title: "Refresh Experiments and Runs",
  run: async ({ experiments, runs }) => {
    await experiments.refresh();
    await runs.refresh();
  },
};
