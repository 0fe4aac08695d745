// What a run folder says right now: follows its files and folds them into one record.
import { lstatSync } from "node:fs";
import { basename, join } from "node:path";
import { fileError } from "../protocol/errors";
import type { RunEvent } from "../protocol/events";
import type { MetricValues } from "../protocol/metrics";
import { files, type RunInfo } from "../protocol/runFolder";
import type { RunStatus } from "../types/runStatus";
import type { Verdict } from "../types/verdict";
import { readJson } from "../record/disk/files";
import { holderOf, lifeOf } from "../record/disk/processes";
import { EventTail } from "../record/disk/tail";
import { RunSeries } from "../record/runSeries";
import { statusFrom } from "../record/status";

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

/** A run on another machine that has changed nothing for this long has not been heard of. It gives a sign every 20 seconds. */
const quietMilliseconds = 60_000;

/** A list needs the latest value alone. */
const keptPoints = 2;

/** A small JSON file, parsed again only when it changed. */
class JsonFile<T> {
  private stamp = "";
  private value: T | null = null;
  constructor(private readonly path: string) {}

  get(): T | null {
    try {
      const { mtimeMs, size, ino } = lstatSync(this.path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp !== this.stamp) {
        this.value = (readJson(this.path) ?? null) as T | null;
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
  private series = new RunSeries(keptPoints);
  /** When the log was last seen to grow, by this machine's clock: another's says nothing here. */
  private grewAt = -Infinity;
  private seen = false;

  constructor(readonly folder: string) {
    this.tail = new EventTail(join(folder, files.events));
    this.runFile = new JsonFile(join(folder, files.run));
    this.verdictFile = new JsonFile(join(folder, files.verdict));
  }

  /** Reads what was added since the last call. */
  update(): RunEvent[] {
    const { events, restarted } = this.tail.read();
    if (restarted) this.series = new RunSeries(keptPoints);
    if (events.length > 0 && this.seen) this.grewAt = performance.now();
    this.seen = true;
    for (const event of events) this.series.add(event);
    return events;
  }

  /** Lines of the log that were no events. */
  get damagedLines(): number {
    return this.tail.damagedLines;
  }

  /** @throws UserError when the folder holds no run. */
  record(): RunRecord {
    const info = this.runFile.get();
    if (!info)
      throw fileError(
        this.folder,
        "is not a run folder",
        `Expected a ${files.run} written by \`basin run\`.`,
      );
    const status = this.status();
    const { series } = this;
    const ended = series.ended !== undefined && status !== "running";
    return {
      folder: this.folder,
      // The folder is what tells runs apart: a copied one keeps the id that was written into it.
      info: { ...info, id: basename(this.folder) },
      status,
      step: series.step,
      time: series.time,
      verdict: ended ? this.verdictFile.get() : null,
      last: Object.fromEntries([...series.latest].map(([name, { value }]) => [name, value])),
    };
  }

  private status(): RunStatus {
    const claim = holderOf(this.folder);
    return statusFrom({
      claim,
      life: claim ? lifeOf(claim) : "gone",
      headers: this.series.headers,
      end: this.series.ended?.reason ?? null,
      changes: performance.now() - this.grewAt < quietMilliseconds,
    });
  }
}
