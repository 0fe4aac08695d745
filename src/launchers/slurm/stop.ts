// Takes jobs out of Slurm's queue, and ends those that run: one question and one `scancel` for however many.
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { jobName, slurmFolder, type SlurmHandle } from "../../record/jobs";
import type { StopDeed, StopHow } from "../launcher";
import { call, explained, SlurmError } from "./call";
import { queueNow } from "./scheduler";

interface StopTarget {
  readonly folder: string;
  readonly handle: SlurmHandle;
}

/**
 * Decides for each run, has it done, and ends the jobs. A job that waits leaves no trace in Slurm: the folder remembers.
 *
 * @param perform  Called before anything is cancelled. @throws UserError where Slurm does not answer.
 */
export async function stopTogether(
  targets: readonly StopTarget[],
  how: StopHow,
  perform: (folder: string, deed: StopDeed) => void,
): Promise<void> {
  try {
    const jobs = new Map((await queueNow()).map((job) => [job.name, job]));
    const ending: string[] = [];
    for (const { folder, handle } of targets) {
      const job = jobs.get(jobName(handle));
      if (!job || job.life === "gone") {
        perform(folder, "gone");
        continue;
      }
      perform(folder, job.life === "queued" ? "cancel" : "word");
      // A file names the job, and files come from anywhere.
      if ((job.life === "queued" || how === "now") && isScriptOf(job.script, folder)) ending.push(job.name);
    }
    if (ending.length > 0) await call("scancel", ending);
  } catch (error) {
    // The folder may be shared with a machine that has no Slurm: whoever trains there, or will, finds the word.
    if (error instanceof SlurmError && error.why === "missing")
      for (const { folder } of targets) perform(folder, "word");
    else throw error instanceof SlurmError ? explained(error, targets[0].folder, "stopped") : error;
  }
}

/** Whether a batch script lies beside the run of a folder. */
function isScriptOf(script: string, folder: string): boolean {
  try {
    return realpathSync(dirname(script)) === realpathSync(join(dirname(folder), slurmFolder));
  } catch {
    return false;
  }
}
