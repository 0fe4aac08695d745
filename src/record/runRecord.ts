// One run as every surface lists it, put together from what has been read of its folder, however that was read. Pure.
import { files, type RunInfo } from "../protocol/runFolder";
import type { MetricValues } from "../protocol/metrics";
import type { RunStatus } from "../types/runStatus";
import type { Verdict } from "../types/verdict";
import { damagedInfo } from "./decodeRunInfo";
import { edgeForecast, type EdgeForecast } from "./edgeForecast";
import { limitsOf, type RunLimits } from "./limits";
import { provisionalFlag, type ProvisionalFlag } from "./provisionalFlag";
import type { RunPlace } from "./place";
import type { RunNote } from "./runNote";
import type { RunSeries } from "./runSeries";

export interface RunRecord {
  /** What tells runs apart: a copied folder keeps the id that was written into it. */
  readonly folder: string;
  readonly info: RunInfo;
  readonly status: RunStatus;
  readonly step: number;
  /** Seconds of training so far. */
  readonly time: number;
  /** null until the run has ended with one. */
  readonly verdict: Verdict | null;
  /** While it trains: its learning rate has been beyond its limit for a while. */
  readonly flag: ProvisionalFlag | null;
  /** While it trains: when it will meet its limit. */
  readonly forecast: EdgeForecast | null;
  /** The latest value of each metric, as far as the end of the log tells. */
  readonly last: MetricValues;
  /** What cannot be read of it, a line each; empty for a folder that is whole. */
  readonly damage: readonly string[];
  /** What people noted of it. */
  readonly note: RunNote;
  /** The largest values at which its settings are stable. */
  readonly limits: RunLimits;
  /** Where a scheduler has it, or how it ended there; null for a run of none. */
  readonly place: RunPlace | null;
}

/** A file's value; null where there is none. `damage` says why there is a file and yet no value. */
export interface Decoded<T> {
  readonly value: T | null;
  readonly damage: string | null;
}

/** A run's log as far as it was read. */
interface ReadLog {
  readonly series: RunSeries;
  readonly damagedLines: number;
  /** What stands in its place where it is none: "is a link". */
  readonly obstacle: string | null;
}

export interface RunParts {
  readonly folder: string;
  readonly name: string;
  readonly run: Decoded<RunInfo>;
  /** Of a run that has ended; nothing while it may still change. */
  readonly verdict: Decoded<Verdict>;
  readonly status: RunStatus;
  readonly log: ReadLog;
  readonly note: RunNote;
  readonly place?: RunPlace | null;
}

export function runRecord(parts: RunParts): RunRecord {
  const { folder, name, run, verdict, status, log, note, place = null } = parts;
  const { series, damagedLines: lines, obstacle } = log;
  const info = run.value ?? damagedInfo(name);
  const { learningRate } = info.experiment.optimizer;
  const damage = [
    run.damage,
    obstacle && `${files.events} ${obstacle}`,
    verdict.damage,
    lines > 0 ? `${lines === 1 ? "a line" : `${lines} lines`} of ${files.events}` : null,
  ];
  return {
    folder,
    // The same object at each reading, unless the folder was copied: much is remembered of an info.
    info: info.id === name ? info : { ...info, id: name },
    status,
    step: series.step,
    time: series.time,
    verdict: verdict.value,
    flag: status === "running" ? provisionalFlag(series, learningRate) : null,
    forecast: status === "running" ? edgeForecast(series, learningRate) : null,
    last: Object.fromEntries([...series.latest].map(([metric, { value }]) => [metric, value])),
    damage: damage.filter((one) => one !== null),
    note,
    limits: limitsOf({ info, verdict: verdict.value, series }),
    place,
  };
}
