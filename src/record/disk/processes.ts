// Who writes a folder: `processes/<n>.json`, one file a process, made exclusively. The highest n holds the folder; a second writer
// is refused. No lock is ever left behind: a holder that has died is superseded by n + 1, which only one taker can make.
import { linkSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { files } from "../../protocol/runFolder";
import { readJson, writeAtomic } from "./files";
import { claimNumbers, decodeClaim, largestClaim, type Claim } from "../claim";
import type { Handle } from "../../types/handle";
import { isAlive, processStartOf } from "./processTable";

/** Where the process of a claim is, for the launcher that put it there. */
export const handleOf = ({ handle, host, pid, started }: Claim): Handle =>
  handle ?? { on: "local", host, pid, started };

export interface Holder extends Claim {
  readonly n: number;
}

/** `elsewhere`: on another machine, whose process table nobody here can read; judge by whether the folder changes. */
export type Life = "alive" | "gone" | "elsewhere";

/** This process as a claim. @param handle  Where it is, where a launcher other than this machine's own has put it. */
export const ownClaim = (handle?: Handle): Claim => ({
  pid: process.pid,
  started: processStartOf(process.pid) ?? "",
  host: hostname(),
  at: new Date().toISOString(),
  ...(handle && { handle }),
});

const folderOf = (folder: string): string => join(folder, files.processes);
const pathOf = (folder: string, n: number): string => join(folderOf(folder), `${n}.json`);

/** The newest claim on a folder, or null where nobody has made one yet. A damaged one counts as that of a process that is gone. */
export function holderOf(folder: string): Holder | null {
  let names: string[];
  try {
    names = readdirSync(folderOf(folder));
  } catch {
    return null;
  }
  const numbers = claimNumbers(names);
  return numbers.length === 0 ? null : readClaim(folder, Math.max(...numbers));
}

function readClaim(folder: string, n: number): Holder {
  try {
    return { n, ...decodeClaim(readJson(pathOf(folder, n), largestClaim), hostname()) };
  } catch {
    return { n, ...decodeClaim(null, hostname()) };
  }
}

/** Whether the process of a claim lives, as far as this machine can tell. */
export function lifeOf({ pid, started, host, exit, cancelled, handle, lost }: Claim): Life {
  if (exit !== undefined || cancelled || lost !== undefined) return "gone";
  if (handle || host !== hostname()) return "elsewhere";
  return isAlive(pid, started) ? "alive" : "gone";
}

/**
 * Makes the claim after `holder`, the newest one there is (or null: nobody has claimed yet).
 *
 * @returns null when the holder lives on this machine, when another was quicker, or when the holder turns out to live after all: its
 *   launcher had died but its process had not reported yet. Either of the two sees the other, so never do both go on.
 * @throws the system's error where the folder cannot be written.
 */
export function takeClaim(folder: string, holder: Holder | null, claim: Claim): Holder | null {
  if (holder && lifeOf(holder) === "alive") return null;
  const n = (holder?.n ?? 0) + 1;
  mkdirSync(folderOf(folder), { recursive: true });
  if (!createExclusively(pathOf(folder, n), claim)) return null;
  if (holder && lifeOf(readClaim(folder, holder.n)) === "alive") {
    rmSync(pathOf(folder, n), { force: true });
    return null;
  }
  return { n, ...claim };
}

/** Replaces what a claim says. Only its holder does this. @throws the system's error. */
export const rewriteClaim = (folder: string, n: number, claim: Claim): void =>
  writeAtomic(pathOf(folder, n), textOf(claim));

/** Gives up a claim without a trace, and those before it. Only its holder does this, for folders that nobody asks about afterwards. */
export function dropClaims(folder: string, upTo: number): void {
  for (let n = upTo; n > 0 && n > upTo - 100; n--) rmSync(pathOf(folder, n), { force: true });
  try {
    rmdirSync(folderOf(folder));
    rmdirSync(folder);
  } catch {
    // Not empty: another has claimed it at once.
  }
}

const textOf = (claim: Claim): string => `${JSON.stringify(claim)}\n`;

/** A file that appears with its whole content or not at all, and only where there was none. */
function createExclusively(path: string, claim: Claim): boolean {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    rmSync(temporary, { force: true });
    writeFileSync(temporary, textOf(claim), { flag: "wx" });
    linkSync(temporary, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // A file system without hard links (FAT, some network shares).
    if (code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS" || code === "EMLINK")
      return createAtOnce(path, claim);
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function createAtOnce(path: string, claim: Claim): boolean {
  try {
    writeFileSync(path, textOf(claim), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
