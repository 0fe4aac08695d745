// Basin: Resume Run. Goes on from the run's last checkpoint, bit-exactly.
import { isResumable } from "../../types/runStatus";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const resume: Command = {
  id: commandIds.resume,
  title: "Resume Run",
  needs: "trust",
  run: async (services, argument) => {
    const texts = { placeHolder: "Run to resume", none: "no run was stopped before its end." };
    const run = await pickRun(services, argument, ({ status }) => isResumable(status), texts);
    if (run) await services.starter.resume(run);
  },
};
