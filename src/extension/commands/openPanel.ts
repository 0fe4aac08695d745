// Basin: Open Panel. Shows the given run; without one the run that trains, else the latest.
import type { Services } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { runKeyOf } from "../views/tree";

export const openPanel: Command<Services> = {
  id: commandIds.openPanel,
  title: "Open Panel",
  run: ({ panel, inline }, argument) => panel.show(inline.shownIn(argument)?.run ?? runKeyOf(argument)),
};
