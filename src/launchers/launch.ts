// Starts a run's process in a folder: takes the claim, hands it to the process. Of two that try, one is refused.
import { appendFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileError, UserError } from "../protocol/errors";
import { files, stopFile } from "../protocol/runFolder";
import { decodeRunInfo } from "../record/decodeRunInfo";
import { readJson } from "../record/disk/files";
import { checkPlainFolder } from "../record/disk/plainFolder";
import { holderOf, ownClaim, rewriteClaim, takeClaim, type Holder } from "../record/disk/processes";
import type { Handle } from "../types/handle";
import type { Job, Launchable, Launcher, ProcessOptions } from "./launcher";
import { launcherOf, launchers } from "./launchers";
import { unwritable } from "./newRun";

/** @throws UserError when another process was quicker, or the folder cannot be written or leads out of itself. */
export async function launch(
  folder: string,
  command: Job["command"],
  before: Holder | null,
  how: ProcessOptions,
): Promise<void> {
  checkPlainFolder(folder);
  const held = claimFor(folder, before);
  if (!held) throw taken(folder);
  try {
    const handle = await launcherFor(folder).start({ folder, command, claim: held.n }, how);
    settle(folder, held, handle);
  } catch (error) {
    release(folder, held);
    throw (error as NodeJS.ErrnoException).code === undefined ? error : unwritable(folder, error);
  }
}

/**
 * Starts runs of one submission whose launcher takes them all at once. The first one's claim decides who does this.
 *
 * @throws UserError when another process was quicker. What the launcher refuses has ended, and says why in its log.
 */
export async function launchTogether(folders: readonly string[], how: ProcessOptions): Promise<void> {
  const held: (Holder & { readonly folder: string })[] = [];
  const launcher = launcherFor(folders[0]);
  try {
    for (const folder of folders) {
      checkPlainFolder(folder);
      const own = claimFor(folder, holderOf(folder));
      if (own) held.push({ ...own, folder });
      else if (held.length === 0) throw taken(folder);
    }
    const jobs = held.map(({ folder, n }): Job => ({ folder, command: "start", claim: n }));
    const results = await launcher.startTogether!(jobs, how);
    held.forEach(({ folder, ...own }, i) => {
      const result = results[i];
      if (result instanceof UserError) refuse(folder, own, result);
      else settle(folder, own, result);
    });
  } catch (error) {
    for (const { folder, ...own } of held) release(folder, own);
    throw (error as NodeJS.ErrnoException).code === undefined
      ? error
      : unwritable(dirname(folders[0]), error);
  }
}

/** Hands a claim over to the process that was started, unless that was quicker: it has written its own then, perhaps even how it ended. */
function settle(folder: string, { n, host, pid, started, at }: Holder, handle: Handle): void {
  const place =
    handle.on === "local"
      ? { host, pid: handle.pid, started: handle.started, booting: true as const }
      : { host, pid, started, handle };
  const now = holderOf(folder);
  if (now?.n === n && now.starting) rewriteClaim(folder, n, { ...place, at });
}

function refuse(folder: string, { n, ...claim }: Holder, { message }: UserError): void {
  appendFileSync(join(folder, files.log), `${message}\n`);
  rewriteClaim(folder, n, { ...claim, exit: 2 });
}

/** Whether a launcher takes all runs of a submission at once. */
export const startsTogether = (on: Handle["on"]): boolean => launcherOf(on)?.startTogether !== undefined;

/** @throws UserError for runs that their launchers would refuse, before anything of them is made. */
export async function checkLaunch(runs: readonly Launchable[], env?: NodeJS.ProcessEnv): Promise<void> {
  for (const launcher of launchers as readonly Launcher[])
    await launcher.check?.(
      runs.filter(({ experiment }) => experiment.launch.on === launcher.id),
      env,
    );
}

/** The launcher that the run's experiment asks for. */
function launcherFor(folder: string): Launcher {
  const { on } = decodeRunInfo(readJson(join(folder, files.run))).experiment.launch ?? { on: "local" };
  const launcher = launcherOf(on);
  if (launcher) return launcher;
  const known = launchers.map(({ id }) => `"${id}"`).join(", ");
  throw fileError(folder, `asks to be launched on "${on}"`, `Known here: ${known}.`);
}

function claimFor(folder: string, before: Holder | null): Holder | null {
  try {
    rmSync(join(folder, stopFile), { force: true });
    return takeClaim(folder, before, { ...ownClaim(), starting: true });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unwritable(folder, error);
  }
}

function release(folder: string, { n, ...claim }: Holder): void {
  try {
    rewriteClaim(folder, n, { ...claim, exit: 1 });
  } catch {
    // The folder is gone or full: our claim is stale as soon as this process ends.
  }
}

const taken = (folder: string): UserError =>
  fileError(
    basename(folder),
    "is being started by another process",
    "Only one process trains in a run folder; `basin list` shows what it does.",
  );
