// The job of a cluster that this process is in, where Basin submitted it: said by the batch script, not guessed from the scheduler's own variables, which any process started inside a job inherits.
import { isStep } from "../record/decode";
import type { SlurmHandle } from "../record/jobs";

/** What the batch script sets: job, task ("" outside an array), and how often the job was put back into the queue. */
const variable = "BASIN_SLURM_JOB";

export interface OwnJob {
  readonly handle: SlurmHandle;
  readonly restarts: number;
}

/** Read once; what this process starts is not told. */
function take(): OwnJob | null {
  const words = process.env[variable]?.split("|");
  delete process.env[variable];
  if (words?.length !== 3 || words[0] === "") return null;
  const [job, task, restarts] = words;
  const index = task === "" ? null : Number(task);
  return {
    handle: { on: "slurm", job, ...(isStep(index) && { task: index }) },
    restarts: Number(restarts) || 0,
  };
}

export const ownJob: OwnJob | null = take();
