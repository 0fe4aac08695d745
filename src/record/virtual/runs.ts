// Recorded runs where there is no disk: listed by their small files; a log is read for the list only where nothing else says how the run ended, or it is short.
import { files as names, type RunInfo } from "../../protocol/runFolder";
import { isActive, type RunStatus } from "../../types/runStatus";
import type { Verdict } from "../../types/verdict";
import { claimNumbers, decodeClaim, largestClaim, type Claim } from "../claim";
import { decodeRunInfo } from "../decodeRunInfo";
import { decodeVerdict } from "../decodeVerdict";
import { emptyNote } from "../runNote";
import { runRecord, type Decoded, type RunRecord } from "../runRecord";
import { RunSeries } from "../runSeries";
import { statusFrom } from "../status";
import { readJson, type Files } from "./files";
import { VirtualRunTail } from "./runTail";

/** More than this is no run.json or verdict.json. */
const largestJson = 16 * 2 ** 20;
/** Of a judged run a log longer than this is not fetched for the list: its verdict says enough. */
const shortLog = 2 ** 19;
/** Runs that are listed of one folder, the newest; each costs several requests. */
const mostRuns = 500;
/** Runs that are asked after at once. */
const atOnce = 8;
/** Points of each curve that a list needs. */
const listPoints = 128;

const nobody = "nobody";

/** A small JSON file, decoded again only when it changed. */
class JsonFile<T> {
  private stamp = "";
  private known: Decoded<T> = { value: null, damage: null };

  constructor(
    private readonly files: Files,
    private readonly place: string,
    private readonly decode: (raw: unknown) => T | null,
  ) {}

  async get(name: string): Promise<Decoded<T>> {
    try {
      const stat = await this.files.stat(this.place);
      if (stat && stat.stamp === this.stamp) return this.known;
      this.stamp = stat?.stamp ?? "";
      this.known = { value: null, damage: null };
      if (!stat) return this.known;
      const value = this.decode(await readJson(this.files, this.place, largestJson));
      this.known = { value, damage: value === null ? `${name} is not what Basin writes` : null };
    } catch (error) {
      this.known = { value: null, damage: `${name} ${(error as Error).message}` };
    }
    return this.known;
  }
}

class VirtualRun {
  private readonly run: JsonFile<RunInfo>;
  private readonly verdict: JsonFile<Verdict>;
  private tail: VirtualRunTail;
  private series = new RunSeries(listPoints, false);
  private opened = false;
  private grew = false;

  constructor(
    private readonly files: Files,
    readonly folder: string,
    private readonly name: string,
  ) {
    this.run = new JsonFile(files, files.within(folder, names.run), decodeRunInfo);
    this.verdict = new JsonFile(files, files.within(folder, names.verdict), decodeVerdict);
    this.tail = new VirtualRunTail(files, folder);
  }

  /** The run as it stands; null where the folder holds none. */
  async read(): Promise<RunRecord | null> {
    const run = await this.run.get(names.run);
    if (!run.value && !run.damage) return null;
    const verdict = await this.verdict.get(names.verdict);
    if (verdict.value && !(await this.logIsShort())) return this.judged(run, verdict, verdict.value);
    const claim = await this.claim();
    await this.readLog();
    const external = claim === null && run.value?.handle?.on === "external";
    const status = statusFrom({
      claim: external ? {} : claim,
      life: claim && (claim.exit !== undefined || claim.cancelled) ? "gone" : "elsewhere",
      headers: this.series.headers,
      end: this.series.ended?.reason ?? null,
      changes: this.grew,
    });
    const ended = this.series.ended !== undefined && !isActive(status);
    return this.record(run, ended ? verdict : { value: null, damage: null }, status);
  }

  private async logIsShort(): Promise<boolean> {
    if (this.opened) return true;
    try {
      const stat = await this.files.stat(this.files.within(this.folder, names.events));
      return stat === null || stat.size <= shortLog;
    } catch {
      return true;
    }
  }

  private async readLog(): Promise<void> {
    const { events, restarted } = await this.tail.read();
    if (restarted) this.series = new RunSeries(listPoints, false);
    this.grew = this.opened && events.length > 0;
    this.opened = true;
    for (const event of events) this.series.add(event);
  }

  /** A run by its verdict alone, whose log is long. */
  private judged(run: Decoded<RunInfo>, verdict: Decoded<Verdict>, judgement: Verdict): RunRecord {
    const status = judgement.verdict === "diverged" ? "diverged" : "finished";
    return { ...this.record(run, verdict, status), step: judgement.step };
  }

  private record(run: Decoded<RunInfo>, verdict: Decoded<Verdict>, status: RunStatus): RunRecord {
    const { damagedLines, obstacle } = this.tail;
    const log = { series: this.series, damagedLines, obstacle };
    // What people noted of runs is read from a disk.
    return runRecord({ folder: this.folder, name: this.name, run, verdict, status, log, note: emptyNote });
  }

  /** The newest claim on the folder; a damaged one counts as that of a process that is gone. */
  private async claim(): Promise<Claim | null> {
    const { files, folder } = this;
    const entries = await files.list(files.within(folder, names.processes)).catch(() => []);
    const numbers = claimNumbers(entries.map(({ name }) => name));
    if (numbers.length === 0) return null;
    const place = files.within(folder, names.processes, `${Math.max(...numbers)}.json`);
    const raw = await readJson(files, place, largestClaim).catch(() => ({ exit: 1 }));
    return decodeClaim(raw, nobody);
  }
}

export class VirtualRuns {
  private readonly known = new Map<string, VirtualRun>();

  constructor(private readonly files: Files) {}

  /** The runs of a runs folder, newest first, and how many older ones were left out. Folders that hold no run are passed over. */
  async list(dir: string): Promise<{ readonly runs: RunRecord[]; readonly omitted: number }> {
    const entries = await this.files.list(dir);
    const folders = entries.filter(({ kind }) => kind === "folder").map(({ name }) => name);
    const newest = folders.sort().reverse().slice(0, mostRuns);
    const runs = newest.map((name) => this.runAt(this.files.within(dir, name), name));
    const records: (RunRecord | null)[] = [];
    for (let at = 0; at < runs.length; at += atOnce)
      records.push(...(await Promise.all(runs.slice(at, at + atOnce).map((run) => run.read()))));
    return { runs: records.filter((run) => run !== null), omitted: folders.length - newest.length };
  }

  /** A run that was listed, as it stands now; null where it is gone. */
  read(folder: string): Promise<RunRecord | null> {
    return this.known.get(folder)?.read() ?? Promise.resolve(null);
  }

  private runAt(folder: string, name: string): VirtualRun {
    const run = this.known.get(folder) ?? new VirtualRun(this.files, folder, name);
    this.known.set(folder, run);
    return run;
  }
}
