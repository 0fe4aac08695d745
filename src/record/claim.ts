// What a claim on a run folder says, `processes/<n>.json`: who writes it. Pure.
import type { Handle } from "../types/handle";
import { decodeHandle } from "./decodeRunInfo";

/** No claim has more bytes. */
export const largestClaim = 1 << 16;

export interface Claim {
  /** Of the process that holds the folder; 0 where the file is damaged. */
  readonly pid: number;
  /** Its start time as the system tells it, which tells it from a later process of the same pid. */
  readonly started: string;
  readonly host: string;
  /** ISO time, for people: nothing is decided by it. */
  readonly at: string;
  /** Set while the holder is a launcher that has not handed the folder to the run's process yet. */
  readonly starting?: true;
  /** Set until the run's process, which is the holder, has taken the claim over itself: a signal would kill it before it listens. */
  readonly booting?: true;
  /** Exit status, once the process has ended by itself. */
  readonly exit?: number;
  /** The run was taken out of the queue before it started. */
  readonly cancelled?: true;
  /** Where a launcher other than this machine's own put the process; pid and start time are the launcher's until the process has taken over. */
  readonly handle?: Handle;
  /** The launcher's last word on a process that has ended without saying so: "TIMEOUT". */
  readonly lost?: string;
}

/** The numbers of the claims among the names of a folder. */
export const claimNumbers = (names: readonly string[]): number[] =>
  names.flatMap((name) => (/^([1-9]\d{0,14})\.json$/.exec(name) ?? []).slice(1).map(Number));

/** Whatever stands in the file. @param here  The machine that a damaged claim counts as made on. */
export function decodeClaim(value: unknown, here: string): Claim {
  const { pid, started, host, at, starting, booting, exit, cancelled, handle, lost } = (value ??
    {}) as Record<string, unknown>;
  const elsewhere = decodeHandle(handle);
  const text = (x: unknown): string => (typeof x === "string" ? x : "");
  return {
    pid: Number.isSafeInteger(pid) && (pid as number) > 0 ? (pid as number) : 0,
    started: text(started),
    // A damaged claim speaks of no other machine: it must not hold the folder for ever.
    host: text(host) || here,
    at: text(at),
    ...(starting === true ? { starting } : {}),
    ...(booting === true ? { booting } : {}),
    ...(Number.isSafeInteger(exit) ? { exit: exit as number } : {}),
    ...(cancelled === true ? { cancelled } : {}),
    ...(elsewhere && elsewhere.on !== "local" ? { handle: elsewhere } : {}),
    ...(typeof lost === "string" ? { lost: lost.slice(0, 200) } : {}),
  };
}
