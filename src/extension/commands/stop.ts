// Basin: Stop Run. The run writes its verdict and ends; it can be resumed.
import type { RunRecord } from "../../launchers";
import { isActive } from "../../types/runStatus";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const stop: Command = {
  id: commandIds.stop,
  title: "Stop Run",
  needs: "trust",
  run: async (services, argument) => {
    const running = ({ status }: RunRecord) => isActive(status);
    const texts = { placeHolder: "Run to stop", none: "nothing is training." };
    const [only, ...others] = services.runs.all.filter(running);
    const run =
      argument === undefined && only && others.length === 0
        ? only
        : await pickRun(services, argument, running, texts);
    if (run) await services.starter.stop(run);
  },
};
