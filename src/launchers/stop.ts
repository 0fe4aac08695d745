// Stops and deletes runs. A run that waits is taken out of the queue, one that trains is asked to end.
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileError } from "../protocol/errors";
import { files, stopFile } from "../protocol/runFolder";
import { hasScript } from "../protocol/script";
import { decodeRunInfo } from "../record/decodeRunInfo";
import { readJson } from "../record/disk/files";
import { deleteNote } from "../record/disk/notes";
import { checkPlainFolder } from "../record/disk/plainFolder";
import {
  handleOf,
  holderOf,
  lifeOf,
  ownClaim,
  rewriteClaim,
  takeClaim,
  type Holder,
} from "../record/disk/processes";
import type { RunStatus } from "../types/runStatus";
import type { Handle } from "../types/handle";
import type { Launcher, StopDeed, StopHow } from "./launcher";
import { launcherOf } from "./launchers";
import { isWaiting } from "./queue";
import { isTicketOf } from "./ticket";
import { readRun } from "../record/disk/catalog";

/** Stops a run, or takes it out of the queue. False when there was nothing to stop. */
export async function stopRun(folder: string, how: StopHow = "ask"): Promise<boolean> {
  const path = resolve(folder);
  if (isWaiting(path) && cancel(path)) return true;
  const holder = holderOf(path);
  if (!holder || lifeOf(holder) === "gone") return false;
  const handle = handleOf(holder);
  const launcher: Launcher | undefined = launcherOf(handle.on);
  if (launcher?.stopTogether && !holder.starting) {
    await launcher.stopTogether([{ folder: path, handle }], how, performing(how));
    return true;
  }
  // A process that does not listen yet would be killed by being asked.
  const listens = !holder.starting && (!holder.booting || how === "now");
  // A script ends by its own run process alone, which ends everything that it has started.
  const direct = how === "ask" || !isScript(path);
  if (listens && direct && (await launcher?.stop?.(handle, path, how)) === true) return true;
  // On another machine, where no signal can be sent with certainty, or not yet: the run looks for this file.
  if (!launcher || (await launcher.state(handle)) !== "gone") leaveWord(path, how);
  return true;
}

/** What a launcher that stops many at once has done in a folder. */
const performing =
  (how: StopHow) =>
  (folder: string, deed: StopDeed): void => {
    const holder = holderOf(folder);
    if (deed === "cancel") void cancel(folder);
    // Of another user's jobs nobody here is told: theirs find the word.
    else if (deed === "word" || !holder || !isOwn(folder)) leaveWord(folder, how);
    else {
      const { n, ...claim } = holder;
      rewriteClaim(folder, n, { ...claim, lost: "" });
    }
  };

const isOwn = (folder: string): boolean => isTicketOf(folder, infoOf(folder).ticket);

const infoOf = (folder: string) => decodeRunInfo(readJson(join(folder, files.run)));

/** Whether a script of the user's own trains in a folder. */
function isScript(folder: string): boolean {
  try {
    return hasScript(infoOf(folder).experiment);
  } catch {
    return false;
  }
}

/** Takes a waiting run out of the queue. False when it has just been started. */
function cancel(folder: string): boolean {
  checkPlainFolder(folder);
  const claim = { ...ownClaim(), cancelled: true } as const;
  return takeClaim(folder, holderOf(folder), claim) !== null;
}

function leaveWord(folder: string, how: StopHow): void {
  checkPlainFolder(folder);
  const path = join(folder, stopFile);
  rmSync(path, { force: true });
  writeFileSync(path, how === "now" ? "now\n" : "", { flag: "wx" });
}

/**
 * Stops these runs: the waiting ones first, so that none of them takes the place of one that ends.
 *
 * @throws the first error, after all have been asked: one folder that is not right does not keep the others going.
 */
export async function stopRuns(
  runs: readonly { readonly folder: string }[],
  how: StopHow = "ask",
): Promise<void> {
  const errors: unknown[] = [];
  const training = runs.filter(({ folder }) => {
    try {
      return !(isWaiting(folder) && cancel(folder));
    } catch (error) {
      errors.push(error);
      return false;
    }
  });
  const jobs = new Map<Launcher, { folder: string; handle: Handle }[]>();
  const single = training.filter(({ folder }) => {
    const holder = holderOf(resolve(folder));
    const handle = holder && lifeOf(holder) !== "gone" && !holder.starting ? handleOf(holder) : null;
    const launcher: Launcher | undefined = handle ? launcherOf(handle.on) : undefined;
    if (!handle || !launcher?.stopTogether) return true;
    jobs.set(launcher, [...(jobs.get(launcher) ?? []), { folder: resolve(folder), handle }]);
    return false;
  });
  const asked = await Promise.allSettled([
    ...single.map(({ folder }) => stopRun(folder, how)),
    ...[...jobs].map(([launcher, targets]) => launcher.stopTogether!(targets, how, performing(how))),
  ]);
  errors.push(...asked.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : [])));
  if (errors.length > 0) throw errors[0];
}

/** Removes a run folder. @throws UserError when it is none or its run may still train. */
export async function deleteRun(folder: string): Promise<void> {
  const path = resolve(folder);
  const { status } = await readRun(path);
  // Nobody can start it any more.
  if (status === "queued") await stopRun(path);
  else if (status === "running" || status === "unknown") throw stillRunning(path, status, holderOf(path));
  rmSync(path, { recursive: true, force: true });
  deleteNote(path);
}

const stillRunning = (folder: string, status: RunStatus, holder: Holder | null) =>
  status === "running"
    ? fileError(folder, "is still running", "Stop it first.")
    : fileError(folder, `may still train on ${holder?.host}`, "Stop it there first, or go on with it here.");
