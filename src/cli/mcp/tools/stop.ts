// `stop`: asks a run to end, or takes it out of the queue; only where the user allows it.
import { z } from "zod";
import { stopRun } from "../../../launchers";
import { defineTool } from "../tool";

export const stop = defineTool({
  name: "stop",
  description:
    "Asks a run to end: it is still judged at the point it reached. A run that waits is taken out of the queue.",
  writes: true,
  input: z.object({ run: z.string().describe('A run id, the beginning of one, a run folder, or "latest".') }),
  run: async (served, { run }) => {
    const { folder, info } = await served.run(run);
    const stopped = await stopRun(folder);
    return { run: info.id, stopped, ...(!stopped && { why: "It does not train." }) };
  },
});
