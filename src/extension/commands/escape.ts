// Basin: Escape from Run. Restarts near the point a run reached, at other settings: does training leave it, and as fast as predicted?
import type { Command } from "./command";
import { fromPoint } from "./fromPoint";
import { commandIds } from "./ids";

export const escape: Command = {
  id: commandIds.escape,
  title: "Escape from Run",
  needs: "trust",
  run: (services, argument) =>
    fromPoint(services, argument, {
      subcommand: "escape",
      words: {
        pick: "Run whose point is left",
        title: "Restart near",
        value: (learningRate) => `optimizer.learningRate=${learningRate}`,
        progress: "Basin: restarting near the point that the run reached…",
        report: "Escape from",
      },
    }),
};
