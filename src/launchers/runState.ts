// What a run folder says right now: follows its files and folds them into one record.
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileError } from "../protocol/errors";
import type { EndReason, RunEvent } from "../protocol/events";
import type { MetricName, MetricValues } from "../protocol/metrics";
import { decodeNum, type Num } from "../protocol/numbers";
import { files, type RunInfo, type RunStatus } from "../protocol/runFolder";
import type { Verdict } from "../types/verdict";
import { infoFromNote, noteFile, type LaunchNote } from "./launchNote";
import { isAlive } from "./processStart";
import { EventTail } from "./tail";

/** One run as every surface lists it. */
export interface RunRecord {
  readonly folder: string;
  readonly info: RunInfo;
  readonly status: RunStatus;
  readonly step: number;
  /** Seconds of training so far. */
  readonly time: number;
  /** null until the run has ended with one. */
  readonly verdict: Verdict | null;
  /** The latest value of each metric. */
  readonly last: MetricValues;
}

/** A process that has written nothing yet is taken to be starting for this long. */
const youngMilliseconds = 15_000;

const statusOf: Readonly<Record<EndReason, RunStatus>> = {
  steps: "finished",
  trainLoss: "finished",
  minutes: "finished",
  diverged: "diverged",
  interrupted: "interrupted",
  error: "failed",
};

/** A small JSON file, parsed again only when it changed. */
class JsonFile<T> {
  private stamp = "";
  private value: T | null = null;
  constructor(private readonly path: string) {}

  get(): T | null {
    try {
      const { mtimeMs, size, ino } = statSync(this.path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp !== this.stamp) {
        this.value = JSON.parse(readFileSync(this.path, "utf8")) as T;
        this.stamp = stamp;
      }
    } catch {
      // Missing, or caught while it is being written: the next look finds it whole.
      this.value = null;
      this.stamp = "";
    }
    return this.value;
  }
}

export class RunState {
  private readonly tail: EventTail;
  private readonly runFile: JsonFile<RunInfo>;
  private readonly verdictFile: JsonFile<Verdict>;
  private readonly note: JsonFile<LaunchNote>;
  private readonly last = new Map<MetricName, { step: number; value: number | number[] }>();
  private end: EndReason | null = null;
  private headers = 0;
  private step = 0;
  private time = 0;

  constructor(
    readonly folder: string,
    warn?: (message: string) => void,
  ) {
    this.tail = new EventTail(join(folder, files.events), warn);
    this.runFile = new JsonFile(join(folder, files.run));
    this.verdictFile = new JsonFile(join(folder, files.verdict));
    this.note = new JsonFile(join(folder, noteFile));
  }

  /** Reads what was added since the last call. */
  update(): RunEvent[] {
    const { events, reset } = this.tail.read();
    if (reset) {
      this.last.clear();
      [this.end, this.headers, this.step, this.time] = [null, 0, 0, 0];
    }
    for (const event of events) this.fold(event);
    return events;
  }

  private fold(event: RunEvent): void {
    if (event.kind === "header") {
      this.headers++;
      this.end = null;
      const from = event.resumedAt;
      if (from === undefined) return;
      this.step = from;
      for (const [name, { step }] of this.last) if (step >= from) this.last.delete(name);
      return;
    }
    if (event.kind === "heartbeat") return;
    // The verdict of a diverged run is measured at an earlier step: neither progress nor a reading goes back but by a resume.
    this.step = Math.max(this.step, event.step);
    if (event.kind === "end") this.end = event.reason;
    if (event.kind === "end" || event.kind === "metrics") this.time = event.time;
    if (event.kind !== "metrics") return;
    for (const [name, value] of Object.entries(event.values) as [MetricName, Num | Num[]][]) {
      const decoded = Array.isArray(value) ? value.map((x) => decodeNum(x)) : decodeNum(value);
      if ((this.last.get(name)?.step ?? 0) <= event.step)
        this.last.set(name, { step: event.step, value: decoded });
    }
  }

  /** @throws UserError when the folder holds no run. */
  record(): RunRecord {
    const note = this.note.get();
    const written = this.runFile.get();
    const info = written ?? (note && infoFromNote(note));
    if (!info)
      throw fileError(
        this.folder,
        "is not a run folder",
        `Expected a ${files.run} written by \`basin run\`.`,
      );
    const status = this.status(written, note);
    const ended = this.end !== null && status !== "running";
    return {
      folder: this.folder,
      info: info.id ? info : { ...info, id: basename(this.folder) },
      status,
      step: this.step,
      time: this.time,
      verdict: ended ? this.verdictFile.get() : null,
      last: Object.fromEntries([...this.last].map(([name, { value }]) => [name, value])),
    };
  }

  private status(info: RunInfo | null, note: LaunchNote | null): RunStatus {
    // A process that was launched and has not reported yet, at the start or by a resume.
    if (note && this.headers <= note.headers) {
      if (note.pid > 0 && isAlive(note.pid, note.processStarted)) return "running";
      if (note.pid === 0 && Date.now() - Date.parse(note.at) < youngMilliseconds) return "running";
    }
    if (this.end !== null) return statusOf[this.end] ?? "failed";
    return info && isAlive(info.pid, info.processStarted) ? "running" : "died";
  }

  /** Number of headers read so far: one for the start and one for each resume. */
  get headersRead(): number {
    return this.headers;
  }

  /** The process to signal: pid and start time, or null when none lives. */
  process(): { pid: number; processStarted: string } | null {
    const candidates = [this.note.get(), this.runFile.get()];
    const alive = candidates.find((c) => c !== null && isAlive(c.pid, c.processStarted));
    return alive ? { pid: alive.pid, processStarted: alive.processStarted } : null;
  }
}
