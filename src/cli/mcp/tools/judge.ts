// `judge`: the limits and the verdict of a run that a script trained; it writes them into the run's folder, so only where the user allows it.
import { z } from "zod";
import { readRun } from "../../../launchers";
import { judgeFolder } from "../../judge";
import { defineTool } from "../tool";

export const judge = defineTool({
  name: "judge",
  description:
    "Judges a run of a PyTorch script from the factors it recorded: stability limits at each of them, and the verdict where the run has ended. Runs that Basin trains are judged by themselves.",
  writes: true,
  input: z.object({ run: z.string().describe('A run id, the beginning of one, a run folder, or "latest".') }),
  run: async (served, { run }) => {
    const { folder, info } = await served.run(run);
    const { judged, damage, busy } = await judgeFolder(folder);
    const { verdict } = await readRun(folder);
    return { run: info.id, judged, damage, busy, verdict };
  },
});
