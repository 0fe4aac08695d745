// Basin: Explore from Run. Many short branches from the minimum a run reached: which minima do other settings lead to?
import type { Command } from "./command";
import { fromPoint } from "./fromPoint";
import { commandIds } from "./ids";

export const explore: Command = {
  id: commandIds.explore,
  title: "Explore from Run",
  needs: "trust",
  run: (services, argument) =>
    fromPoint(services, argument, {
      subcommand: "explore",
      words: {
        pick: "Run whose minimum is explored from",
        title: "Settings that all branches share, from",
        value: () => "",
        progress: "Basin: exploring from the minimum that the run reached…",
        report: "Exploration from",
      },
    }),
};
