// Proof that a queued run was queued by this user, in this place: without it a clone or a copy could bring runs that start by themselves.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheHere } from "../protocol/cacheFolder";
import { readPlainFile } from "../record/disk/files";

const keyBytes = 32;
const keyPath = (): string => join(cacheHere(), "queue.key");

/** The key that only this user can read, made on first use; null where there is no place for one. */
function keyHere(): Buffer | null {
  try {
    const own = readPlainFile(keyPath(), keyBytes);
    if (own?.length === keyBytes) return own;
    mkdirSync(cacheHere(), { recursive: true });
    writeFileSync(keyPath(), randomBytes(keyBytes), { flag: "wx", mode: 0o600 });
  } catch {
    // Another process has just made it, or the cache cannot be written.
  }
  try {
    const made = readPlainFile(keyPath(), keyBytes);
    return made?.length === keyBytes ? made : null;
  } catch {
    return null;
  }
}

const ticketWith = (key: Buffer, folder: string): string =>
  createHmac("sha256", key).update(realpathSync(folder)).digest("hex");

/** Runs that this process has queued: where no key can be kept, it alone keeps their queue going. */
const ownRuns = new Set<string>();

/** The ticket of a run folder that this user has just made; undefined where no key can be kept. */
export function ticketFor(folder: string): string | undefined {
  ownRuns.add(folder);
  const key = keyHere();
  return key ? ticketWith(key, folder) : undefined;
}

/** Whether this user queued the run of this very folder. */
export function isTicketOf(folder: string, ticket: unknown): boolean {
  if (ownRuns.has(folder)) return true;
  const key = typeof ticket === "string" ? keyHere() : null;
  if (!key) return false;
  try {
    const [own, given] = [Buffer.from(ticketWith(key, folder)), Buffer.from(ticket as string)];
    return own.length === given.length && timingSafeEqual(own, given);
  } catch {
    return false;
  }
}
