// What a run folder says right now: reads what changed of its files and folds it into one record. Whatever stands there costs exactly itself.
import { lstatSync, type Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileError } from "../../protocol/errors";
import type { RunEvent } from "../../protocol/events";
import { files, type RunInfo } from "../../protocol/runFolder";
import { isActive, type RunStatus } from "../../types/runStatus";
import type { Verdict } from "../../types/verdict";
import { decodeLine } from "../decodeEvent";
import { decodeRunInfo } from "../decodeRunInfo";
import { decodeVerdict } from "../decodeVerdict";
import { jobName, type Job } from "../jobs";
import { placeOf } from "../place";
import { decodeNote, emptyNote, type RunNote } from "../runNote";
import { runRecord, type RunRecord } from "../runRecord";
import { RunSeries } from "../runSeries";
import { statusFrom } from "../status";
import { largestJson, readFirstLine, readJson } from "./files";
import { jobsIn, jobsWrittenAt } from "./jobs";
import { largestNote, noteOf } from "./notes";
import { holderOf, lifeOf, type Holder, type Life } from "./processes";
import { RunTail } from "./runTail";

/** A run on another machine that has changed nothing for this long has not been heard of. It gives a sign every 20 seconds. */
const quietMilliseconds = 60_000;
/** The same by the times of files, of which a network disk may tell the one of a minute ago. */
const quietByFiles = 2 * quietMilliseconds;
const longestHeader = 2 ** 17;

/** How much of a run is kept in memory, however long its log. */
export interface Extent {
  /** Points of each curve. */
  readonly points: number;
  /** Whether they stand for all that was read, thinned out; else they are the latest. */
  readonly whole: boolean;
  /** Of a log longer than this, in bytes, only the beginning is read, which says what it is of, and the end. */
  readonly longLog: number;
  readonly endBytes: number;
  /** Whether readings that later ones replace are passed over where many have come since the last look. */
  readonly latestOnly: boolean;
}

/** A list needs the latest values, and enough of the curves to say whether a run is beyond its limit. */
const forList: Extent = {
  points: 128,
  whole: false,
  longLog: 2 ** 15,
  endBytes: 3 * 2 ** 12,
  latestOnly: true,
};
/** As for a list, and every event is told. */
export const forFollowing: Extent = { ...forList, latestOnly: false };
/** A small picture of a run: of a log of more than a megabyte its last one. */
export const forPicture: Extent = {
  points: 1024,
  whole: true,
  longLog: 2 ** 20,
  endBytes: 2 ** 20,
  latestOnly: false,
};

/** A small JSON file, decoded again only when it changed. */
class JsonFile<T> {
  private stamp = "";
  private value: T | null = null;
  /** Why there is a file and yet no value. */
  damage: string | null = null;

  constructor(
    private readonly path: string,
    private readonly decode: (raw: unknown) => T | null,
    private readonly largest = largestJson,
  ) {}

  get(): T | null {
    const stat = lstatSync(this.path, { throwIfNoEntry: false });
    const stamp = stampOf(stat);
    if (stamp === this.stamp) return this.value;
    [this.value, this.damage, this.stamp] = [null, null, stamp];
    if (!stat) return null;
    const name = basename(this.path);
    try {
      this.value = this.decode(readJson(this.path, this.largest));
      if (this.value === null) this.damage = `${name} is not what Basin writes`;
    } catch (error) {
      this.damage = `${name} ${(error as Error).message}`;
    }
    return this.value;
  }
}

const stampOf = (stat: Stats | undefined): string => (stat ? `${stat.mtimeMs} ${stat.size} ${stat.ino}` : "");

export class RunReader {
  private readonly tail: RunTail;
  private readonly runFile: JsonFile<RunInfo>;
  private readonly verdictFile: JsonFile<Verdict>;
  private readonly noteFile: JsonFile<RunNote>;
  private folded: RunSeries;
  /** When the log was last seen to grow, by this machine's clock: another's says nothing here. */
  private grewAt = -Infinity;
  private opened = false;
  /** When anything of the run was last seen to change, or it was first looked at. */
  private changedAt = performance.now();
  private claim: Holder | null = null;
  private life: Life = "gone";
  private record: { readonly stamp: string; readonly value: RunRecord } | null = null;

  constructor(
    readonly folder: string,
    private readonly extent: Extent = forList,
  ) {
    this.folded = new RunSeries(extent.points, extent.whole);
    this.tail = new RunTail(folder);
    this.runFile = new JsonFile(join(folder, files.run), decodeRunInfo);
    this.verdictFile = new JsonFile(join(folder, files.verdict), decodeVerdict);
    this.noteFile = new JsonFile(noteOf(folder), decodeNote, largestNote);
  }

  /** What has been read of the log so far. */
  get series(): RunSeries {
    return this.folded;
  }

  /** Lines of the log that were no events. */
  get damagedLines(): number {
    return this.tail.damagedLines;
  }

  /** Reads what was added to the log since the last call; returns its events, of readings as many as the extent asks for. */
  update(): RunEvent[] {
    // Before the log: of a process that has gone the log is then read to its end, and never an end taken for missing.
    const before = this.claim?.n;
    this.claim = holderOf(this.folder);
    // It has begun anew, and loads its data.
    if (this.claim?.n !== before) this.changedAt = performance.now();
    this.life = this.claim ? lifeOf(this.claim) : "gone";
    const { events, restarted } = this.tail.read(Infinity, this.opened && this.extent.latestOnly);
    if (restarted) this.folded = new RunSeries(this.extent.points, this.extent.whole);
    if (events.length > 0) this.changedAt = performance.now();
    if (events.length > 0 && this.opened) this.grewAt = performance.now();
    this.opened = true;
    for (const event of events) this.folded.add(event);
    return events;
  }

  /** The run as it stands. Nothing is read where nothing changed. @throws UserError when the folder holds no run. */
  read(): RunRecord {
    const names = [files.run, files.events, files.verdict, files.processes, files.judgements];
    const paths = [...names.map((name) => join(this.folder, name)), noteOf(this.folder)];
    const stats = paths.map((path) => lstatSync(path, { throwIfNoEntry: false }));
    const [run, events] = stats;
    if (!run) throw this.notARun();
    const stamp = stats.map(stampOf).join();
    if (this.record?.stamp === stamp && !isActive(this.record.value.status)) return this.record.value;
    if (!this.opened && (events?.size ?? 0) > this.extent.longLog) this.openLong(events!.size);
    this.update();
    const value = this.current();
    this.record = { stamp, value };
    return value;
  }

  /** The ends of a long log. */
  private openLong(size: number): void {
    const header = decodeLine(readFirstLine(join(this.folder, files.events), longestHeader));
    if (typeof header !== "string") this.folded.add(header);
    this.tail.startAt(size - this.extent.endBytes);
  }

  private notARun(): Error {
    return fileError(this.folder, "is not a run folder", `Expected a ${files.run} written by \`basin run\`.`);
  }

  /** The run by what has been read of its log so far. @throws UserError when the folder holds no run. */
  current(): RunRecord {
    const { folded: series, folder } = this;
    const name = basename(folder);
    const written = this.runFile.get();
    if (!written && !this.runFile.damage) throw this.notARun();
    const job = this.job();
    const status = this.status(job);
    const ended = series.ended !== undefined && !isActive(status);
    return runRecord({
      folder,
      name,
      run: { value: written, damage: this.runFile.damage },
      verdict: ended
        ? { value: this.verdictFile.get(), damage: this.verdictFile.damage }
        : { value: null, damage: null },
      status,
      note: this.noteFile.get() ?? emptyNote,
      place: placeOf(this.claim, job, status),
      log: { series, damagedLines: this.tail.damagedLines, obstacle: this.tail.obstacle },
    });
  }

  /** Submitted, and nothing heard yet; or it has left its place, and nobody has asked since. */
  private isLeft(): boolean {
    const { headers, ended } = this.folded;
    return this.claim?.handle?.on === "slurm" && (headers === 0 || ended?.reason === "interrupted");
  }

  /** What the scheduler said of it, where one has it. */
  private job(): Job | undefined {
    const { claim, life, folder } = this;
    if (claim?.handle?.on !== "slurm" || life !== "elsewhere") return undefined;
    return jobsIn(dirname(folder)).get(jobName(claim.handle));
  }

  private status(job: Job | undefined): RunStatus {
    // A script that was started by hand, and claimed nothing: its log alone says whether it lives.
    const external = this.claim === null && this.runFile.get()?.handle?.on === "external";
    return statusFrom({
      claim: external ? {} : this.claim,
      life: external ? "elsewhere" : this.life,
      headers: this.folded.headers,
      end: this.folded.ended?.reason ?? null,
      changes: performance.now() - this.grewAt < quietMilliseconds,
      job: job?.life ?? (this.isLeft() ? "queued" : null),
      quiet: performance.now() - this.changedAt > quietMilliseconds || (job !== undefined && this.isSilent()),
    });
  }

  /** For whoever looks once: whether a scheduler was asked so long after the run's last sign of life. Both times are the disk's. */
  private isSilent(): boolean {
    const signs = [files.events, files.processes].map(
      (name) => lstatSync(join(this.folder, name), { throwIfNoEntry: false })?.mtimeMs ?? -Infinity,
    );
    return jobsWrittenAt(dirname(this.folder)) - Math.max(...signs) > quietByFiles;
  }
}
