// `measure`: no training, every metric and the verdict at an experiment's weights or those given. One at a time: each takes a machine's cores.
import { existsSync } from "node:fs";
import { z } from "zod";
import { fileError } from "../../../protocol/errors";
import type { MeasureRequest } from "../../../protocol/request";
import { askProcess } from "../../askProcess";
import { exit } from "../../command";
import { inTurn, onePoint } from "../asking";
import { defineTool } from "../tool";
import type { Served } from "../served";

const mostSeconds = 600;

export const measure = defineTool({
  name: "measure",
  description:
    "Measures without training: sharpness, gradient noise, trace, limits of the learning rate and the verdict, at the weights an experiment file starts from or at those of a safetensors file, such as a run's checkpoint.",
  writes: false,
  input: z.object({
    experiment: z.string().describe("An experiment file, *.basin.json, as a path in the workspace."),
    weights: z
      .string()
      .optional()
      .describe("A safetensors file in the workspace in place of its own weights."),
    set: z
      .array(z.string())
      .max(50)
      .default([])
      .describe(
        'Settings that differ from the file, each "key.path=value". A sweep needs one for each swept key.',
      ),
    seconds: z
      .number()
      .min(1)
      .max(mostSeconds)
      .default(20)
      .describe("Time for the measurement; what does not fit is left out and said to be."),
  }),
  run: async (served, { experiment: name, weights, set, seconds }, { signal, progress }) => {
    const request = requestFor(served, { name, weights, set, seconds });
    const { status, output, message } = await inTurn(() =>
      askProcess("measure", request, { signal, onProgress: progress }),
    );
    if (status === exit.done) return JSON.parse(output);
    throw fileError(name, status === exit.interrupted ? "the measurement was stopped" : message);
  },
});

interface Question {
  readonly name: string;
  readonly weights?: string;
  readonly set: readonly string[];
  readonly seconds: number;
}

function requestFor(served: Served, { name, weights, set, seconds }: Question): MeasureRequest {
  const point = onePoint(served, name, set, "`measure`");
  const { file } = point;
  const experiment = { ...point.experiment, closing: { seconds } };
  if (weights === undefined) return { experiment, file };
  const path = served.inside(weights);
  if (!existsSync(path))
    throw fileError(weights, "no such file", "Expected weights in the safetensors format.");
  return { experiment, file, weights: path };
}
