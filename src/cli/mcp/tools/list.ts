// `list`: the workspace's experiments and its runs, newest first.
import { z } from "zod";
import { isActive } from "../../../types/runStatus";
import { runIn } from "../runIn";
import { defineTool } from "../tool";

/** What of a run's last readings a list tells. */
const told = ["loss.train", "loss.test", "sharpness", "stability.limit", "stability.growth"];

export const list = defineTool({
  name: "list",
  description:
    "The experiment files (*.basin.json) of the workspace and its runs, newest first: settings that a sweep or call changed, status, step, last readings and verdict of each.",
  writes: false,
  input: z.object({
    experiment: z.string().optional().describe("Only runs of this experiment file or name."),
    active: z.boolean().optional().describe("Only runs that train or wait."),
    limit: z.number().int().min(1).max(200).default(50).describe("Runs told at most."),
  }),
  run: async (served, { experiment, active, limit }) => {
    const { files, complete } = served.experiments();
    const all = await served.listRuns();
    const file = experiment === undefined ? undefined : servedFile(() => served.inside(experiment));
    const fitting = all.filter(
      ({ info, status }) =>
        (experiment === undefined || info.experiment.name === experiment || info.file === file) &&
        (active !== true || isActive(status)),
    );
    return {
      workspace: served.root,
      experiments: files,
      ...(!complete && { experimentsNote: "The workspace is large: not all of it was searched." }),
      runs: fitting.slice(0, limit).map((record) => ({
        ...runIn(served, record),
        metrics: Object.fromEntries(
          told.flatMap((name) => (name in record.last ? [[name, record.last[name]]] : [])),
        ),
        verdict: record.verdict?.verdict ?? null,
      })),
      runsInAll: fitting.length,
    };
  },
});

/** A name need be no path. */
function servedFile(path: () => string): string | undefined {
  try {
    return path();
  } catch {
    return undefined;
  }
}
