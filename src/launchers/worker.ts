// Keeps a queue going while runs wait in it: one small process a runs folder, which outlives whoever submitted and ends by itself.
import { join, resolve } from "node:path";
import { dropClaims, holderOf, lifeOf, ownClaim, takeClaim, type Holder } from "../record/disk/processes";
import { lstatSync, mkdirSync } from "node:fs";
import { fileError } from "../protocol/errors";
import { files } from "../protocol/runFolder";
import type { ProcessOptions } from "./launcher";
import { spawnDetached } from "./local";
import { Queue } from "./queue";

/** Where the worker holds its claim, inside the runs folder. @throws UserError where somebody has put a link there. */
function queueFolder(runsDir: string): string {
  const folder = join(resolve(runsDir), ".queue");
  for (const place of [folder, join(folder, files.processes)])
    if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === false)
      throw fileError(place, "is no folder, not written to", "Delete it: the queue makes its own.");
  return folder;
}
const pumpMilliseconds = 250;
/** Runs that cannot be started (a folder that cannot be written) do not keep a worker for ever: it looks this often without one that trains. */
const patience = 40;

/** Starts what may start at once, and a worker for the rest where none lives. Anyone may call this at any time. */
export async function runQueue(runsDir: string, how: ProcessOptions): Promise<void> {
  const { waiting } = await new Queue(runsDir).pump(how);
  if (waiting > 0) await ensureWorker(runsDir, how);
}

async function ensureWorker(runsDir: string, how: ProcessOptions): Promise<void> {
  const holder = holderOf(queueFolder(runsDir));
  if (holder && lifeOf(holder) === "alive") return;
  // Two at once are harmless: one of them gets no claim and ends.
  await spawnDetached([how.queueScript, resolve(runsDir), how.runScript], how, "ignore");
}

/** The worker itself: pumps until nothing waits. */
export async function work(runsDir: string, how: ProcessOptions): Promise<void> {
  const folder = queueFolder(runsDir);
  const queue = new Queue(runsDir);
  for (;;) {
    const held = claimQueue(folder);
    if (!held) return;
    const left = await pumpUntilEmpty(queue, how);
    // First let go, then look once more: whoever submits now either finds no worker, or is found here.
    dropClaims(folder, held.n);
    if (left > 0 || (await queue.pump(how)).waiting === 0) return;
  }
}

function claimQueue(folder: string): Holder | null {
  mkdirSync(folder, { recursive: true });
  const holder = holderOf(folder);
  return holder && lifeOf(holder) === "alive" ? null : takeClaim(folder, holder, ownClaim());
}

/** Returns how many runs it had to give up on. */
async function pumpUntilEmpty(queue: Queue, how: ProcessOptions): Promise<number> {
  for (let idle = 0; ;) {
    const { waiting, training } = await queue.pump(how);
    if (waiting === 0) return 0;
    idle = training === 0 ? idle + 1 : 0;
    if (idle > patience) return waiting;
    await new Promise((done) => setTimeout(done, pumpMilliseconds));
  }
}
