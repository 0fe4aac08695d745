// Goes on with a run that ended early, or starts one that waits.
import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileError } from "../protocol/errors";
import { files } from "../protocol/runFolder";
import { jobName } from "../record/jobs";
import { holderOf, lifeOf, type Holder } from "../record/disk/processes";
import { launch } from "./launch";
import type { ProcessOptions } from "./launcher";
import { readRun } from "../record/disk/catalog";

/** A process on another machine gives a sign of life every 20 seconds; after twice that and some it has gone. */
const quietSeconds = 50;

export interface ResumeOptions extends ProcessOptions {
  readonly folder: string;
  /** How long a run that was on another machine is watched for signs of life. */
  readonly watchSeconds?: number;
  /** Told before such a watch. */
  readonly onWatch?: (host: string, seconds: number) => void;
}

/** @throws UserError when the run still trains, has nothing left to do, or is not there. */
export async function resumeRun(options: ResumeOptions): Promise<void> {
  const folder = resolve(options.folder);
  const name = basename(folder);
  const { status } = await readRun(folder).catch((error: unknown) => {
    if (statSync(folder, { throwIfNoEntry: false })) throw error;
    const parent = dirname(folder);
    const gone = statSync(parent, { throwIfNoEntry: false }) ? folder : parent;
    throw fileError(gone, "is not there any more", "`basin list` shows the runs there are.");
  });
  if (status === "finished" || status === "diverged")
    throw fileError(folder, `has ${status}; there is nothing to resume`, "Start it anew with `basin run`.");
  if (status === "running") throw stillRunning(name);
  const holder = holderOf(folder);
  if (status === "queued" && holder?.handle?.on === "slurm" && lifeOf(holder) !== "gone")
    throw fileError(name, `waits already, as job ${jobName(holder.handle)}`, "`basin list` says for what.");
  if (status === "unknown" && holder) await watch(folder, holder, options);
  await launch(folder, status === "queued" ? "start" : "resume", holder, options);
}

const stillRunning = (name: string) =>
  fileError(name, "is still running", "Only a run that has stopped can be resumed.");

/** Waits whether the folder of a run on another machine changes. @throws UserError when it does: the run lives. */
async function watch(folder: string, holder: Holder, options: ResumeOptions): Promise<void> {
  const { watchSeconds = quietSeconds, onWatch } = options;
  onWatch?.(holder.host, watchSeconds);
  const before = signOf(folder, holder);
  for (let left = watchSeconds; left > 0; left -= 0.5) {
    await new Promise((done) => setTimeout(done, 500 * Math.min(1, 2 * left)));
    if (signOf(folder, holderOf(folder)) !== before)
      throw fileError(basename(folder), `is still running, on ${holder.host}`, "Stop it first.");
  }
}

/** Changes whenever a run writes. */
function signOf(folder: string, holder: Holder | null): string {
  const log = statSync(join(folder, files.events), { throwIfNoEntry: false });
  return `${holder?.n} ${holder?.exit} ${log?.size}`;
}
