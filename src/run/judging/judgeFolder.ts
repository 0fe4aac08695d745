// Judges a recorded run: every file of factors that was not judged yet, and at the run's end the verdict. One process at a time.
import { lstatSync, mkdirSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { openGemm } from "../../engines";
import { ClosingBudget, closingSeconds } from "../../measure/budget";
import { fileError } from "../../protocol/errors";
import type { Experiment } from "../../protocol/experiment";
import { memoryBytes } from "../../protocol/memory";
import { stringify } from "../../protocol/numbers";
import { files } from "../../protocol/runFolder";
import { decodeFactors, largestFactors, type RecordedFactors } from "../../record/decodeFactors";
import { decodeRunInfo } from "../../record/decodeRunInfo";
import { EventLog } from "../../record/disk/eventLog";
import { largestJson, readJson, readPlainFile, writeAtomic } from "../../record/disk/files";
import { checkPlainFolder } from "../../record/disk/plainFolder";
import { dropClaims, holderOf, lifeOf, ownClaim, takeClaim, type Holder } from "../../record/disk/processes";
import { readSeries } from "../../record/disk/readSeries";
import type { RunSeries } from "../../record/runSeries";
import type { Verdict } from "../../types/verdict";
import type { Gemm } from "../../util/gemm";
import { assembleVerdict } from "../judge";
import { ReadingsWriter } from "../readingsEvent";
import { fromFactors, type FromFactors } from "./fromFactors";
import { judgedOf } from "./recorded";

/** Where the judging process holds its claim and keeps which files it has judged. */
const judgeFolder = ".judge";
const stateFile = "judged.json";
/** What the judgement at the end may take where the experiment does not say. */
const defaultClosing = { seconds: 20 };
/** Files of factors that are looked at, the newest. */
const mostFiles = 10_000;
/** Bytes that the judging may fill where the experiment does not say. */
const defaultMemory = 4 * 2 ** 30;

export interface JudgedRun {
  /** Files judged now. */
  readonly judged: number;
  /** Written now; null while the run trains, or where nothing has changed since the last one. */
  readonly verdict: Verdict | null;
  /** What was wrong with files, a line each. */
  readonly damage: readonly string[];
  /** Another process is judging this run. */
  readonly busy: boolean;
}

/** A file of factors, and what tells it from a later one of its name. */
interface FactorFile {
  readonly step: number;
  readonly name: string;
  readonly stamp: string;
}

/**
 * @throws UserError where the folder holds no run of a script's own, or cannot be written.
 */
export async function judgeRun(folder: string): Promise<JudgedRun> {
  const { experiment } = infoOf(folder);
  checkPlainFolder(folder);
  const held = hold(folder);
  if (!held) return { judged: 0, verdict: null, damage: [], busy: true };
  try {
    const gemm = await openGemm({ name: process.env.BASIN_ENGINE === "wasm" ? "wasm" : "onnx" });
    return await new Judging(folder, experiment, gemm).all();
  } finally {
    dropClaims(join(folder, judgeFolder), held.n);
  }
}

function infoOf(folder: string): { readonly experiment: Experiment } {
  const path = join(folder, files.run);
  let raw: unknown;
  try {
    raw = readJson(path);
    if (raw === undefined) throw new Error("no such file");
    const info = decodeRunInfo(raw);
    if (info.experiment.trainer) return info;
  } catch (error) {
    throw fileError(path, (error as Error).message, "Expected a run folder.");
  }
  throw fileError(
    folder,
    "was trained by Basin itself, whose process has judged it",
    "`basin judge` is for runs of scripts that call `basin.watch`; `basin verdict` shows the judgement.",
  );
}

function hold(folder: string): Holder | null {
  const place = join(folder, judgeFolder);
  const kind = lstatSync(place, { throwIfNoEntry: false });
  if (kind && !kind.isDirectory()) throw fileError(place, "is no folder, not written to", "Delete it.");
  mkdirSync(place, { recursive: true });
  const holder = holderOf(place);
  return holder && lifeOf(holder) === "alive" ? null : takeClaim(place, holder, ownClaim());
}

const stampOf = ({ mtimeMs, size }: Stats): string => `${mtimeMs} ${size}`;

/** Ascending by step. */
function factorFiles(folder: string): FactorFile[] {
  let names: string[];
  try {
    names = readdirSync(join(folder, files.factors));
  } catch {
    return [];
  }
  const found = names.flatMap((name): FactorFile[] => {
    const step = Number(/^step-(\d{1,15})\.safetensors$/.exec(name)?.[1] ?? NaN);
    const stat = lstatSync(join(folder, files.factors, name), { throwIfNoEntry: false });
    return Number.isSafeInteger(step) && stat ? [{ step, name, stamp: stampOf(stat) }] : [];
  });
  return found.sort((a, b) => a.step - b.step).slice(-mostFiles);
}

class Judging {
  private readonly damage: string[] = [];
  private readonly state: Map<string, string>;
  private readonly writer = new ReadingsWriter();

  constructor(
    private readonly folder: string,
    private readonly experiment: Experiment,
    private readonly gemm: Gemm,
  ) {
    this.state = stateOf(folder);
  }

  async all(): Promise<JudgedRun> {
    const { folder } = this;
    const found = factorFiles(folder);
    const open = found.filter(({ name, stamp }) => this.state.get(name) !== stamp);
    const series = readSeries(folder);
    const log = open.length > 0 ? new EventLog(join(folder, files.judgements)) : null;
    try {
      for (const file of open) await this.judgeFile(file, series, log!);
    } finally {
      log?.close();
    }
    const done = lstatSync(join(folder, files.verdict), { throwIfNoEntry: false });
    const log0 = lstatSync(join(folder, files.events), { throwIfNoEntry: false });
    const stale = !done || open.length > 0 || (log0 !== undefined && log0.mtimeMs > done.mtimeMs);
    const verdict = series.ended && stale ? await this.verdict(found) : null;
    return { judged: open.length, verdict, damage: this.damage, busy: false };
  }

  /** One file: its limits as an event of their own. What is wrong with it costs nothing but itself. */
  private async judgeFile(file: FactorFile, series: RunSeries, log: EventLog): Promise<void> {
    const read = this.read(file);
    if (typeof read === "string") log.add({ kind: "note", step: file.step, message: read });
    else {
      const t0 = performance.now();
      const found = await this.made(read, "limits");
      const cost = { products: 0, seconds: (performance.now() - t0) / 1000 };
      const time = series.clock.at(file.step) ?? NaN;
      if (found.readings.length > 0)
        log.add(this.writer.event(found.readings, { step: file.step, time, probe: "judge", cost }));
    }
    log.sync();
    this.state.set(file.name, file.stamp);
    writeAtomic(
      join(this.folder, judgeFolder, stateFile),
      `${JSON.stringify(Object.fromEntries(this.state))}\n`,
    );
  }

  /** The factors in a file, or what is wrong with it. */
  private read({ name, step }: FactorFile): RecordedFactors | string {
    const shown = `${files.factors}/${name}`;
    try {
      const bytes = readPlainFile(join(this.folder, files.factors, name), largestFactors);
      if (bytes === null) throw new Error("is gone");
      const read = decodeFactors(bytes, shown);
      if (read.step === step) return read;
      throw new Error(`says that it is of step ${read.step}`);
    } catch (error) {
      const { message } = error as Error;
      const said = message.startsWith(shown) ? message.split("\n")[0] : `${shown} ${message}`;
      this.damage.push(said);
      return said;
    }
  }

  private made(recorded: RecordedFactors, extent: "limits" | "verdict"): Promise<FromFactors> {
    const { closing, memory, seed } = this.experiment;
    const seconds = closingSeconds(closing ?? defaultClosing);
    const bytes = typeof memory === "string" ? memoryBytes(memory) : defaultMemory;
    return fromFactors(recorded, {
      budget: new ClosingBudget(seconds, bytes),
      gemm: this.gemm,
      seed,
      extent,
    });
  }

  /** At the newest factors that can be read, else at the last step. */
  private async verdict(found: readonly FactorFile[]): Promise<Verdict> {
    const { folder, experiment } = this;
    let factors: { readonly recorded: RecordedFactors; readonly found: FromFactors } | null = null;
    for (const file of [...found].reverse()) {
      const recorded = this.read(file);
      if (typeof recorded === "string") continue;
      factors = { recorded, found: await this.made(recorded, "verdict") };
      break;
    }
    const series = readSeries(folder);
    const step = factors?.recorded.step ?? series.column("sharpness").lastStep ?? series.step;
    const verdict = assembleVerdict(judgedOf({ experiment, series, step, factors }));
    if (factors && factors.found.readings.length > 0) this.log(factors.found, step, series);
    writeAtomic(join(folder, files.verdict), `${stringify(verdict, 2)}\n`);
    return verdict;
  }

  private log({ readings }: FromFactors, step: number, series: RunSeries): void {
    const log = new EventLog(join(this.folder, files.judgements));
    const about = { step, time: series.clock.at(step) ?? NaN, probe: "judge" };
    log.add(this.writer.event(readings, about));
    log.close();
  }
}

/** Which files were judged as they are; nothing where that cannot be read: they are judged again. */
function stateOf(folder: string): Map<string, string> {
  try {
    const raw = readJson(join(folder, judgeFolder, stateFile), largestJson) ?? {};
    return new Map(
      Object.entries(raw).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  } catch {
    return new Map();
  }
}
