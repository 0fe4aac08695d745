// Starts a run's process in a folder: takes the claim, hands it to the process. Of two that try, one is refused.
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileError, UserError } from "../protocol/errors";
import { files, stopFile } from "../protocol/runFolder";
import { decodeRunInfo } from "../record/decodeRunInfo";
import { readJson } from "../record/disk/files";
import { checkPlainFolder } from "../record/disk/plainFolder";
import { holderOf, ownClaim, rewriteClaim, takeClaim, type Holder } from "../record/disk/processes";
import type { Job, Launcher, ProcessOptions } from "./launcher";
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
    const { n, host, pid, started, at } = held;
    const place =
      handle.on === "local"
        ? { host, pid: handle.pid, started: handle.started, booting: true as const }
        : { host, pid, started, handle };
    // A process that was quicker has written its own claim, perhaps even how it ended.
    const now = holderOf(folder);
    if (now?.n === n && now.starting) rewriteClaim(folder, n, { ...place, at });
  } catch (error) {
    release(folder, held);
    throw (error as NodeJS.ErrnoException).code === undefined ? error : unwritable(folder, error);
  }
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
