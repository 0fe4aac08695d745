// `compare`: runs side by side.
import { z } from "zod";
import { comparisonOf } from "../../../record/comparison";
import type { ExportedRun } from "../../../record/export/exporter";
import { defineTool } from "../tool";

export const compare = defineTool({
  name: "compare",
  description:
    "Runs side by side: the settings in which they differ, and of each its verdict and the last, best and largest stable value (limit) of every metric, and what happened where its loss jumped.",
  writes: false,
  input: z.object({
    runs: z.array(z.string()).min(1).max(20).describe('Run ids, beginnings of them, folders, or "latest".'),
    metrics: z.array(z.string()).max(100).optional().describe("Only these metrics; all without it."),
  }),
  run: async (served, { runs, metrics }) => {
    const found = new Map<string, ExportedRun>();
    for (const name of runs) {
      const run = await served.recorded(name);
      found.set(run.record.folder, run);
    }
    const comparison = comparisonOf([...found.values()]);
    if (!metrics) return comparison;
    const wanted = (all: object) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => metrics.includes(name)));
    return { ...comparison, runs: comparison.runs.map((run) => ({ ...run, metrics: wanted(run.metrics) })) };
  },
});
