// Tells the page of the table which rows have come, changed or gone since it was last told. Pure but for what it posts.
import { stringify } from "../../protocol/numbers";
import { rowOf, type RowWords, type RunRow } from "../../record/runRow";
import type { RunRecord } from "../../record/runRecord";
import { differingSettings, settingsOf } from "../../record/settings";
import type { ToTable } from "../../record/tableMessages";

interface Told {
  readonly run: RunRecord;
  readonly words: string;
  readonly row: string;
}

export class RowFeed {
  private told = new Map<string, Told>();
  /** Of the runs there were: settings never change. */
  private order = "";
  private keys: readonly string[] = [];

  constructor(private readonly wordsOf: (run: RunRecord) => RowWords) {}

  /** What is new; null where nothing is. */
  next(runs: readonly RunRecord[]): Extract<ToTable, { kind: "rows" }> | null {
    const keys = runs.map(({ folder }) => folder);
    const order = keys.join("\n");
    const moved = order !== this.order;
    let shared: Readonly<Record<string, string>> | null = null;
    if (moved) {
      this.order = order;
      const differing = differingSettings(runs.map(({ info }) => info));
      const same = differing.join("\n") === this.keys.join("\n");
      this.keys = differing;
      if (!same || this.told.size === 0) {
        this.told.clear();
        shared = sharedOf(runs, differing);
      }
    }
    const rows = runs.flatMap((run) => this.changed(run) ?? []);
    if (moved) {
      const there = new Set(keys);
      for (const key of this.told.keys()) if (!there.has(key)) this.told.delete(key);
    }
    return rows.length > 0 || moved ? { kind: "rows", rows, order: moved ? keys : null, shared } : null;
  }

  /** A page that was loaded anew knows nothing. */
  forget(): void {
    this.told.clear();
    this.order = "";
    this.keys = [];
  }

  /** The run's row where it is another than the one told. */
  private changed(run: RunRecord): RunRow | null {
    const words = this.wordsOf(run);
    const said = stringify(words);
    const told = this.told.get(run.folder);
    // A run that has not changed is the same record.
    if (told?.run === run && told.words === said) return null;
    const row = rowOf(run, words, this.keys);
    const text = stringify(row);
    this.told.set(run.folder, { run, words: said, row: text });
    return told?.row === text ? null : row;
  }
}

/** The settings in which no two runs differ. */
function sharedOf(
  runs: readonly RunRecord[],
  differing: readonly string[],
): Readonly<Record<string, string>> {
  const [first] = runs;
  if (!first) return {};
  const differs = new Set(differing);
  return Object.fromEntries([...settingsOf(first.info)].filter(([key]) => !differs.has(key)));
}
