// What a scheduler said last of the jobs of a runs folder. Whoever asks it writes the file; everyone else reads it, also on a machine without a scheduler.
import { lstatSync, type Stats } from "node:fs";
import { join } from "node:path";
import { decodeJobs, jobsFile, largestJobs, slurmFolder, type Jobs } from "../jobs";
import { readJson } from "./files";

export const jobsPath = (runsDir: string): string => join(runsDir, slurmFolder, jobsFile);

/** A list of a thousand runs asks as often; the file is looked at once in this time. */
const lookMilliseconds = 200;

const known = new Map<string, { looked: number; stamp: string; writtenAt: number; jobs: Jobs }>();

/** Nothing where there is no such file, or none that can be read. */
export function jobsIn(runsDir: string): Jobs {
  const before = known.get(runsDir);
  const now = performance.now();
  if (before && now - before.looked < lookMilliseconds) return before.jobs;
  const path = jobsPath(runsDir);
  const stat = statOf(path);
  const stamp = stat ? `${stat.mtimeMs} ${stat.size} ${stat.ino}` : "";
  const jobs = before?.stamp === stamp ? before.jobs : read(path);
  known.set(runsDir, { looked: now, stamp, writtenAt: stat?.mtimeMs ?? -Infinity, jobs });
  return jobs;
}

/** When that was written, in milliseconds by the clock of the disk; -Infinity where it never was. As old as what `jobsIn` says. */
export const jobsWrittenAt = (runsDir: string): number => {
  jobsIn(runsDir);
  return known.get(runsDir)!.writtenAt;
};

/** After writing them. */
export const forgetJobs = (runsDir: string): void => void known.delete(runsDir);

/** Nothing where there is no file, or none that this user may see. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

function read(path: string): Jobs {
  try {
    return decodeJobs(readJson(path, largestJobs));
  } catch {
    return new Map();
  }
}
