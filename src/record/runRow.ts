// A run as one row of the table of runs: what it is called, its settings, its metrics' last and best values and limits, what it came to. Pure.
import type { RunStatus } from "../types/runStatus";
import type { VerdictKind } from "../types/verdict";
import { verdictWords, type Severity } from "../types/verdictWords";
import type { RunNote } from "./runNote";
import type { RunRecord } from "./runRecord";
import { settingsOf } from "./settings";

/** By metric name or key path. */
type By<T> = Readonly<Record<string, T>>;

export interface RunRow {
  /** The run's folder, which alone tells runs apart. */
  readonly key: string;
  readonly id: string;
  readonly label: string;
  /** Name of its experiment, and the file as the user knows it. */
  readonly experiment: string;
  readonly file: string;
  /** Those submitted together; "" for a run submitted alone. */
  readonly sweep: string;
  readonly status: RunStatus;
  readonly verdict: VerdictKind | null;
  readonly severity: Severity | null;
  /** Verdict, or status where there is none, as a sign and as a word. */
  readonly mark: string;
  readonly says: string;
  /** Its learning rate breaks stability, by its verdict or so far. */
  readonly flagged: boolean;
  /** An ISO time. */
  readonly created: string;
  readonly step: number;
  /** Seconds of training. */
  readonly time: number;
  readonly note: RunNote;
  readonly damaged: boolean;
  /** Where a scheduler has it, or how it ended there; "" for a run of none. */
  readonly place: string;
  /** Values as JSON by key path: those in which runs of the table differ. */
  readonly settings: By<string>;
  readonly last: By<number>;
  /** Of runs that have ended, once their whole log was read. */
  readonly best: By<number>;
  readonly limit: By<number>;
}

/** What the record does not say of itself. */
export type RowWords = Pick<RunRow, "label" | "file" | "mark" | "says" | "flagged" | "best">;

/** @param keys  Key paths in which the runs of the table differ. */
export function rowOf(run: RunRecord, words: RowWords, keys: readonly string[]): RunRow {
  const { folder, info, status, verdict, step, time, note, damage, last, limits, place } = run;
  const settings = settingsOf(info);
  return {
    ...words,
    key: folder,
    id: info.id,
    experiment: info.experiment.name,
    sweep: info.sweep && info.sweep.of > 1 ? info.sweep.id : "",
    status,
    verdict: verdict?.verdict ?? null,
    severity: verdict ? verdictWords(verdict).severity : null,
    created: info.created,
    step,
    time,
    note,
    damaged: damage.length > 0,
    place: place?.says ?? "",
    settings: Object.fromEntries(
      keys.flatMap((key) => (settings.has(key) ? [[key, settings.get(key)!]] : [])),
    ),
    last: scalars(last),
    limit: Object.fromEntries(Object.entries(limits).filter(([, value]) => Number.isFinite(value))),
  };
}

/** Error bars belong to their metric, and a list is no cell. */
const scalars = (values: RunRecord["last"]): By<number> =>
  Object.fromEntries(
    Object.entries(values).filter(
      (entry): entry is [string, number] => typeof entry[1] === "number" && !entry[0].endsWith(".error"),
    ),
  );
