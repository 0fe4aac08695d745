// Downloads one file of known size and checksum: from the first home that has it, resumed after every kind of interruption.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { SetFile } from "../../protocol/namedSets";
import { get } from "./get";

export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (received: number) => void;
  /** Something went wrong and is being dealt with. */
  readonly onNote: (message: string) => void;
  readonly stallMilliseconds: number;
  /** Tries in a row that bring nothing before a home is given up. */
  readonly attempts: number;
  /** Wait before the second try; each wait is twice the last. */
  readonly backoffMilliseconds: number;
}

export const patience = { stallMilliseconds: 30_000, attempts: 5, backoffMilliseconds: 1000 } as const;
const longestWait = 30_000;
const mostTries = 100;

/** Trying this home again is no use. */
class Refused extends Error {}
/** No home would help: the disk is full, the folder is read-only. */
class Fatal extends Error {}

const partialOf = (target: string): string => `${target}.partial`;

async function md5Of(path: string): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Size of a file, or undefined where there is none. */
export const sizeAt = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ size }) => size,
    () => undefined,
  );

/**
 * Brings a file to `target`. What has arrived is kept in `target.partial`, so that the next call goes on from there.
 *
 * @param homes Folders that serve it, tried in order.
 * @returns     Whether it was there already, whole.
 * @throws      Error saying what each home answered; the signal's reason when aborted.
 */
export async function download(
  { name, bytes, md5 }: SetFile,
  homes: readonly string[],
  target: string,
  options: DownloadOptions,
): Promise<"present" | "fetched"> {
  if ((await sizeAt(target)) === bytes && (await md5Of(target)) === md5) return "present";
  const answers: string[] = [];
  for (const home of homes) {
    const url = new URL(name, home).href;
    try {
      await fromHome(url, { name, bytes, md5 }, partialOf(target), options);
      await rename(partialOf(target), target);
      return "fetched";
    } catch (error) {
      if (options.signal.aborted || error instanceof Fatal) throw error;
      answers.push(`${url}: ${messageOf(error)}`);
    }
  }
  throw new Error(`${name} could not be fetched.\n  ${answers.join("\n  ")}`);
}

async function fromHome(url: string, file: SetFile, partial: string, options: DownloadOptions) {
  const { signal, onNote, attempts, backoffMilliseconds } = options;
  let failures = 0;
  let spoiled = false;
  for (let tries = 1; ; tries++) {
    const before = (await sizeAt(partial)) ?? 0;
    try {
      if (before !== file.bytes) await transfer(url, file, { path: partial, bytes: before }, options);
      const found = await md5Of(partial);
      if (found === file.md5) return;
      // The start may be of an older version or another home: once more from nothing, then it is the server's fault.
      await rm(partial, { force: true });
      const message = `its MD5 checksum is ${found}; expected ${file.md5}`;
      if (spoiled || before === 0) throw new Refused(message);
      spoiled = true;
      onNote(`${file.name}: ${message}; fetching it anew`);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refused || error instanceof Fatal) throw error;
      const now = (await sizeAt(partial)) ?? 0;
      failures = now > before ? 1 : failures + 1;
      if (failures >= attempts || tries >= mostTries) throw error;
      const wait = Math.min(longestWait, backoffMilliseconds * 2 ** (failures - 1));
      const where = now > 0 ? `, from byte ${now}` : "";
      onNote(`${file.name}: ${messageOf(error)}; trying again in ${wait / 1000} s${where}`);
      await sleep(wait, undefined, { signal });
    }
  }
}

/** Appends what is missing of the file to `partial`; comes back when all bytes are there. */
async function transfer(
  url: string,
  file: SetFile,
  { path: partial, bytes: have }: { readonly path: string; readonly bytes: number },
  options: DownloadOptions,
) {
  const { stallMilliseconds, signal, onProgress } = options;
  const from = have < file.bytes ? have : 0;
  const got = await get(url, { from, stallMilliseconds, signal });
  if (got.status !== 200 && got.status !== 206) {
    got.close();
    // 416: what we have is not what this server has. 5xx and 429 may pass; any other answer will not.
    if (got.status === 416) await rm(partial, { force: true });
    const message = `HTTP status ${got.status}`;
    throw got.status >= 500 || [408, 416, 429].includes(got.status)
      ? new Error(message)
      : new Refused(message);
  }
  if (got.from !== 0 && got.from !== from) {
    got.close();
    throw new Refused(`asked for byte ${from}, it sent byte ${got.from}`);
  }
  let received = got.from;
  const handle = await local(open(partial, received > 0 ? "a" : "w"));
  try {
    onProgress(received);
    for await (const chunk of got.body) {
      received += chunk.length;
      if (received > file.bytes) {
        await rm(partial, { force: true });
        throw new Refused(`it sends more than the ${file.bytes} bytes expected`);
      }
      await local(handle.writeFile(chunk));
      onProgress(received);
    }
  } finally {
    await handle.close();
  }
  if (received < file.bytes) throw new Error(`the answer ended at byte ${received} of ${file.bytes}`);
}

const local = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw new Fatal(messageOf(error));
  });

/** Node's network errors have codes that say more than some of their messages. */
function messageOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || code || String(error);
}
