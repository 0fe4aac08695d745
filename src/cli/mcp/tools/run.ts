// `run`: queues an experiment, every point of its sweep; only where the user allows it.
import { z } from "zod";
import { runQueue, submit } from "../../../launchers";
import { processes } from "../../places";
import { defineTool } from "../tool";

export const run = defineTool({
  name: "run",
  description:
    "Trains an experiment: queues a run for each point of its sweep and returns at once with their ids. Follow them with `list` or `read`; they go on when this server ends.",
  writes: true,
  input: z.object({
    experiment: z.string().describe("An experiment file, *.basin.json, as a path in the workspace."),
    set: z
      .array(z.string())
      .max(50)
      .default([])
      .describe('Settings that differ from the file, each "key.path=value"; the file stays as it is.'),
  }),
  run: async (served, { experiment, set }) => {
    const { file, points } = served.experiment(experiment, set);
    served.checkRunsDir();
    const made = submit(
      served.runsDir,
      points.map((point) => ({ ...point, file })),
    );
    await runQueue(served.runsDir, processes);
    return { queued: made.map(({ id }, i) => ({ run: id, changed: points[i].overrides })) };
  },
});
