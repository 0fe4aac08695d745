// Basin: Open Panel. Shows the given run; without one the run that trains, else the latest.
import type { Command } from "./command";
import { commandIds } from "./ids";
import { runKeyOf } from "../views/tree";

export const openPanel: Command = {
  id: commandIds.openPanel,
  title: "Open Panel",
  run: ({ panel }, argument) => panel.show(runKeyOf(argument)),
};
