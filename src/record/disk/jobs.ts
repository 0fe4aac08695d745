// What a scheduler said last of the jobs of a runs folder. Whoever asks it writes the file; everyone else reads it, also on a machine without a scheduler.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { decodeJobs, jobsFile, largestJobs, slurmFolder, type Jobs } from "../jobs";
import { readJson } from "./files";

export const jobsPath = (runsDir: string): string => join(runsDir, slurmFolder, jobsFile);

/** A list of a thousand runs asks as often; the file is looked at once in this time. */
const lookMilliseconds = 200;

const known = new Map<string, { looked: number; stamp: string; jobs: Jobs }>();

/** Nothing where there is no such file, or none that can be read. */
export function jobsIn(runsDir: string): Jobs {
  const before = known.get(runsDir);
  const now = performance.now();
  if (before && now - before.looked < lookMilliseconds) return before.jobs;
  const path = jobsPath(runsDir);
  const stamp = stampOf(path);
  const jobs = before?.stamp === stamp ? before.jobs : read(path);
  known.set(runsDir, { looked: now, stamp, jobs });
  return jobs;
}

/** After writing them. */
export const forgetJobs = (runsDir: string): void => void known.delete(runsDir);

/** "" where there is no file, or none that this user may see. */
function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = lstatSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "";
  }
}

function read(path: string): Jobs {
  try {
    return decodeJobs(readJson(path, largestJobs));
  } catch {
    return new Map();
  }
}
