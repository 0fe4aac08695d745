// Rows in the order in which the table shows them: sorted by a column, in groups, the pinned first. Pure.
import type { RunRow } from "../../src/record/runRow";
import type { Grouping, TableLayout } from "../../src/record/tableLayout";
import type { TableColumn, Value } from "./columns";

export type Item =
  | { readonly kind: "run"; readonly row: RunRow }
  | {
      readonly kind: "group";
      readonly id: string;
      readonly title: string;
      readonly count: number;
      readonly closed: boolean;
    };

export interface Arrangement {
  readonly sort: TableLayout["sort"];
  readonly columns: readonly TableColumn[];
  readonly group: Grouping;
  /** Groups whose rows are hidden. */
  readonly closed: ReadonlySet<string>;
}

/** @param rows  Newest first: so are those that are equal. */
export function arrange(rows: readonly RunRow[], { sort, columns, group, closed }: Arrangement): Item[] {
  const column = columns.find(({ id }) => id === sort?.column);
  const sorted = [...rows];
  const direction = sort?.descending ? -1 : 1;
  sorted.sort(
    (a, b) =>
      Number(b.note.pinned) - Number(a.note.pinned) ||
      (column ? compare(column.value(a), column.value(b), direction) : 0),
  );
  if (group === "none") return sorted.map((row) => ({ kind: "run", row }));
  const groups = new Map<string, RunRow[]>();
  // Groups stand in the order of their newest runs, whatever the rows are sorted by.
  for (const row of rows) groups.set(groupOf(row, group), []);
  for (const row of sorted) groups.get(groupOf(row, group))?.push(row);
  return [...groups].flatMap(([id, own]): Item[] => {
    const head: Item = {
      kind: "group",
      id,
      title: titleOf(own[0], group),
      count: own.length,
      closed: closed.has(id),
    };
    return head.closed ? [head] : [head, ...own.map((row): Item => ({ kind: "run", row }))];
  });
}

const groupOf = ({ file, experiment, sweep }: RunRow, group: Grouping): string =>
  group === "sweep" ? `${file} ${sweep}` : `${file} ${experiment}`;

function titleOf({ experiment, file, sweep }: RunRow, group: Grouping): string {
  const where = file === "" ? experiment : `${experiment} · ${file}`;
  return group === "sweep" ? `${where} · ${sweep === "" ? "no sweep" : `sweep ${sweep}`}` : where;
}

/** Numbers before texts; what is missing or NaN comes last whichever the direction. */
export function compare(a: Value, b: Value, direction: number): number {
  const [missingA, missingB] = [isMissing(a), isMissing(b)];
  if (missingA || missingB) return Number(missingA) - Number(missingB);
  if (typeof a === "number" && typeof b === "number") return direction * (a - b || 0);
  if (typeof a === "number") return -1;
  if (typeof b === "number") return 1;
  return direction * collator.compare(a ?? "", b ?? "");
}

const isMissing = (value: Value): boolean => value === null || value === "" || Number.isNaN(value);
/** "run 9" before "run 10". */
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** How a value differs from the base run's, in few characters; "" where it does not, or where that says nothing. */
export function differenceFrom(base: Value, value: Value): string {
  if (typeof base !== "number" || typeof value !== "number" || base === value) return "";
  if (!Number.isFinite(base) || !Number.isFinite(value)) return "";
  if (base === 0) return "";
  const ratio = value / base;
  if (ratio >= 10 || (ratio > 0 && ratio <= 0.1)) return `×${Number(ratio.toPrecision(2))}`;
  const percent = 100 * ((value - base) / Math.abs(base));
  const text = Math.abs(percent) < 0.1 ? percent.toExponential(0) : String(Number(percent.toPrecision(2)));
  return `${percent > 0 ? "+" : ""}${text.replace("-", "−")} %`;
}
