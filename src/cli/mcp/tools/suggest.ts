// `suggest`: a learning rate and a warm-up for an experiment, with the evidence. It trains for a while, and writes nothing.
import { z } from "zod";
import { unlimitedSteps } from "../../../types/unlimitedSteps";
import { fileError } from "../../../protocol/errors";
import { askProcess } from "../../askProcess";
import { exit } from "../../command";
import { inTurn, onePoint } from "../asking";
import { defineTool } from "../tool";

export const suggest = defineTool({
  name: "suggest",
  description:
    "Suggests a learning rate and, where it helps, a warm-up for an experiment file, with the evidence: curvature and noise at the start, and short trainings at a few rates. Costs about 3.6 trainings of the given length. Writes nothing.",
  writes: false,
  input: z.object({
    experiment: z.string().describe("An experiment file, *.basin.json, as a path in the workspace."),
    set: z
      .array(z.string())
      .max(50)
      .default([])
      .describe(
        'Settings that differ from the file, each "key.path=value". A sweep needs one for each swept key.',
      ),
    steps: z
      .number()
      .int()
      .min(10)
      .max(1e9)
      .optional()
      .describe("Steps of the training that the rate is for (default: the file's own `stop.steps`)."),
  }),
  run: async (served, { experiment: name, set, steps: asked }, { signal, progress }) => {
    const { experiment, file } = onePoint(served, name, set, "`suggest`");
    const steps = asked ?? experiment.stop.steps;
    if (steps >= unlimitedSteps)
      throw fileError(name, "does not say how many steps it takes", "Give `steps`, e.g. 2000.");
    const { status, output, message } = await inTurn(() =>
      askProcess("suggest", { experiment, file, steps }, { signal, onProgress: progress }),
    );
    if (status === exit.done) return JSON.parse(output);
    throw fileError(name, status === exit.interrupted ? "the search was stopped" : message);
  },
});
