// A run process's hold on its folder: taken before anything is written, watched while it trains, given back with the exit status.
import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileError, type UserError } from "../protocol/errors";
import { files } from "../protocol/runFolder";
import { removeTemporaries } from "../record/disk/files";
import { checkPlainFolder } from "../record/disk/plainFolder";
import { holderOf, lifeOf, ownClaim, rewriteClaim, takeClaim, type Holder } from "../record/disk/processes";
import type { Claim } from "../record/claim";
import { isSameJob } from "../record/jobs";
import { leftStatus } from "./interrupt";
import { ownJob, type OwnJob } from "./job";

const watchMilliseconds = 1000;

/**
 * Holds the folder until the process exits; from then on its claim carries the exit status. A run whose folder is deleted, replaced
 * or taken over ends, instead of training on into nowhere.
 *
 * @param given  Number of the claim that the launcher made for this process; without one the folder is claimed here.
 * @throws UserError when another process holds the folder, or it leads out of itself.
 */
export function holdFolder(folder: string, given: string | undefined): void {
  const place = identityOf(folder);
  if (place === null) throw fileError(folder, "is not there", "Expected a run folder.");
  checkPlainFolder(folder);
  const n = given === undefined ? claimHere(folder) : takeOver(folder, Number(given));
  for (const place of [folder, join(folder, files.checkpoints)]) removeTemporaries(place);
  let lost = false;
  const timer = setInterval(() => {
    // Whoever deletes a folder begins somewhere in it: each of these may be the first to go.
    lost = identityOf(folder) !== place || holderOf(folder)?.n !== n || !existsSync(join(folder, files.run));
    if (!lost) return;
    process.stderr.write(`${folder}: the folder was deleted, replaced or taken over; the run ends.\n`);
    process.exit(1);
  }, watchMilliseconds);
  timer.unref();
  process.on("exit", (exit) => {
    if (lost || identityOf(folder) !== place) return;
    try {
      // One that leaves its place goes on in the same job, later: it has not ended.
      rewriteClaim(folder, n, { ...own(), ...(exit !== leftStatus && { exit }) });
    } catch {
      // The disk is full or the folder is gone: readers find that the process is.
    }
  });
}

/** What tells a folder from a later one of the same name. */
function identityOf(folder: string): string | null {
  const stat = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return stat?.isDirectory() ? `${stat.dev} ${stat.ino}` : null;
}

/** The launcher may have died since: the claim is made ours, and counts if nobody has made a newer one. */
function takeOver(folder: string, n: number): number {
  const holder = holderOf(folder);
  if (holder && ownJob && ownJob.restarts > 0) return succeed(folder, holder, ownJob);
  if (holder?.n !== n) throw taken(folder);
  rewriteClaim(folder, n, own());
  if (holderOf(folder)?.n !== n) throw taken(folder);
  return n;
}

/** Our job was put back into the queue: whoever held the folder before in this job has ended, or is on a node that has been given up. */
function succeed(folder: string, holder: Holder, { handle }: OwnJob): number {
  const held =
    holder.exit === undefined && !holder.cancelled && isSameJob(holder.handle, handle)
      ? takeClaim(folder, holder, own())
      : null;
  if (!held) throw taken(folder);
  return held.n;
}

const own = (): Claim => ownClaim(ownJob?.handle);

function claimHere(folder: string): number {
  const holder = holderOf(folder);
  const held = holder && lifeOf(holder) !== "gone" ? null : takeClaim(folder, holder, own());
  if (!held) throw taken(folder);
  return held.n;
}

const taken = (folder: string): UserError =>
  fileError(
    basename(folder),
    "is trained by another process already",
    "Only one process trains in a run folder; `basin list` shows what it does.",
  );
