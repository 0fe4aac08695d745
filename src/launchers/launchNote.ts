// `launch.json` in a run folder: what a launcher started there and when, so that a run is known before its process has written anything.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunRequest } from "../protocol/request";
import type { RunInfo } from "../protocol/runFolder";

export const noteFile = "launch.json";

export interface LaunchNote {
  readonly at: string;
  /** 0 until the process is there. */
  readonly pid: number;
  readonly processStarted: string;
  /** Headers in the event log at that time: the process has reported once there are more. */
  readonly headers: number;
  /** Absent for a run that was resumed without one. */
  readonly request?: RunRequest;
}

/** Writes the note whole: a reader sees the old one or the new one. */
export function writeNote(folder: string, note: LaunchNote): void {
  const path = join(folder, noteFile);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(note, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

/** The note of a folder, or null where there is none. */
export function readNote(folder: string): LaunchNote | null {
  try {
    return JSON.parse(readFileSync(join(folder, noteFile), "utf8")) as LaunchNote;
  } catch {
    return null;
  }
}

/** Stands in for `run.json` until the process has written it. */
export function infoFromNote(note: LaunchNote): RunInfo | null {
  if (!note.request) return null;
  const { id, experiment, file, overrides } = note.request;
  return {
    schema: 1,
    id,
    experiment,
    file,
    overrides,
    created: note.at,
    pid: note.pid,
    processStarted: note.processStarted,
    resumed: [],
    versions: {},
    machine: { platform: "", cpu: "", cores: 0, memory: 0 },
    git: null,
  };
}
