// Runs as jobs of a cluster: submitted from a login node, which needs no engine, keeps no process and is asked seldom.
import type { Handle } from "../types/handle";
import { jobName } from "../record/jobs";
import { UserError } from "../protocol/errors";
import type { Job, Launcher, ProcessOptions } from "./launcher";
import { checkTogether, submitTogether } from "./slurm/submit";
import { askScheduler } from "./slurm/scheduler";
import { stopTogether } from "./slurm/stop";

export const slurm: Launcher = {
  id: "slurm",
  start,
  state,
  startTogether: submitTogether,
  check: checkTogether,
  stopTogether: (targets, how, perform) =>
    stopTogether(
      targets.flatMap(({ folder, handle }) => (handle.on === "slurm" ? [{ folder, handle }] : [])),
      how,
      perform,
    ),
};

async function start(job: Job, how: ProcessOptions): Promise<Handle> {
  const [result] = await submitTogether([job], how);
  if (result instanceof UserError) throw result;
  return result;
}

async function state(handle: Handle): Promise<"queued" | "running" | "gone" | "unknown"> {
  if (handle.on !== "slurm") return "unknown";
  const answer = await askScheduler();
  return answer?.jobs.find(({ name }) => name === jobName(handle))?.life ?? "unknown";
}
