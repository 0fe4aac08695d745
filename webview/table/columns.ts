// The columns that the table of runs can show: what a row says in each, to read, to sort by and to ask for. Pure.
import { metricInfo } from "../../src/protocol/metrics";
import type { RunRow } from "../../src/record/runRow";
import { inOrder } from "../../src/record/summary";
import { statusWords } from "../../src/types/runStatus";
import { ago } from "../../src/util/ago";
import { count, duration, metricNum, num } from "../format";

/** null where a row has none. */
export type Value = number | string | null;

export interface TableColumn {
  readonly id: string;
  readonly title: string;
  /** The whole of it, where the title is short. */
  readonly about: string;
  /** What kind of column it is, in the list of all. */
  readonly group: "Run" | "Setting" | "Last" | "Best" | "Limit";
  readonly numeric: boolean;
  /** In pixels. */
  readonly width: number;
  readonly value: (row: RunRow) => Value;
  readonly text: (row: RunRow) => string;
}

/** What the table knows: its rows, and the settings they share. */
export interface TableData {
  readonly rows: readonly RunRow[];
  readonly shared: Readonly<Record<string, string>>;
}

/** An own entry: a key from a file may be "constructor". */
const own = <T>(by: Readonly<Record<string, T>>, key: string): T | null =>
  Object.hasOwn(by, key) ? by[key] : null;

const parsed = new Map<string, Value>();
/** A setting as a value: a number or a text as itself, the rest as JSON writes it. */
function valueOf(json: string | null): Value {
  if (json === null) return null;
  const known = parsed.get(json);
  if (known !== undefined) return known;
  const raw: unknown = JSON.parse(json);
  const value = typeof raw === "number" || typeof raw === "string" ? raw : json;
  if (parsed.size < 10_000) parsed.set(json, value);
  return value;
}

export const settingOf = ({ shared }: TableData, row: RunRow, path: string): Value =>
  valueOf(own(row.settings, path) ?? own(shared, path));

export const metricOf = (row: RunRow, of: "last" | "best" | "limit", name: string): number | null =>
  own(row[of], name);

const shown = (value: Value): string =>
  value === null ? "" : typeof value === "number" ? num(value) : value;

const plain = (
  id: string,
  title: string,
  width: number,
  more: Pick<TableColumn, "value"> & Partial<TableColumn>,
): TableColumn => ({
  id,
  title,
  about: title,
  group: "Run",
  numeric: false,
  width,
  text: (row) => shown(more.value(row)),
  ...more,
});

/** What every run has. The first one stays in sight. */
const fixed: readonly TableColumn[] = [
  plain("name", "Run", 220, { value: ({ label }) => label }),
  plain("verdict", "Verdict", 170, {
    value: ({ says }) => says,
    text: ({ mark, says }) => `${mark} ${says}`,
  }),
  plain("status", "Status", 92, { value: ({ status }) => statusWords[status] }),
  plain("place", "Where", 190, {
    about: "Where Slurm has the run: its node and the time left, or why it waits",
    value: ({ place }) => place || null,
  }),
  plain("experiment", "Experiment", 130, { value: ({ experiment }) => experiment }),
  plain("tags", "Tags", 130, { value: ({ note }) => note.tags.join(", ") || null }),
  plain("note", "Note", 200, { value: ({ note }) => note.note.replaceAll("\n", " ") || null }),
  plain("step", "Step", 82, { numeric: true, value: ({ step }) => step, text: ({ step }) => count(step) }),
  plain("time", "Trained for", 92, {
    numeric: true,
    value: ({ time }) => time,
    text: ({ time }) => duration(time),
  }),
  plain("started", "Started", 96, {
    numeric: true,
    about: "When the run was started",
    value: ({ created }) => (Number.isFinite(Date.parse(created)) ? Date.parse(created) : null),
    text: ({ created }) => ago(created, Date.now()),
  }),
  plain("file", "File", 160, { value: ({ file }) => file }),
  plain("sweep", "Sweep", 170, { value: ({ sweep }) => sweep || null }),
  plain("id", "Run id", 270, { value: ({ id }) => id }),
];

function settingColumn(data: TableData, path: string): TableColumn {
  const numeric = data.rows.some((row) => typeof settingOf(data, row, path) === "number");
  const value = (row: RunRow) => settingOf(data, row, path);
  return plain(`setting:${path}`, path.slice(path.lastIndexOf(".") + 1), numeric ? 96 : 120, {
    about: path,
    group: "Setting",
    numeric,
    value,
  });
}

const kinds = { last: "Last", best: "Best", limit: "Limit" } as const;
const prefixes = { last: "", best: "best ", limit: "limit of " } as const;

function metricColumn(name: string, of: keyof typeof kinds): TableColumn {
  const info = metricInfo(name);
  const title = `${prefixes[of]}${info?.label ?? name}`;
  const value = (row: RunRow) => metricOf(row, of, name);
  return plain(`${of}:${name}`, title, 112, {
    about: `${title} (${name})${info?.about ? `: ${info.about}` : ""}`,
    group: kinds[of],
    numeric: true,
    value,
    text: (row) => {
      const x = value(row);
      return x === null ? "" : metricNum(name, x);
    },
  });
}

/** Key paths that some run has. */
export const settingPaths = ({ rows, shared }: TableData): string[] => [
  ...new Set([...rows.flatMap(({ settings }) => Object.keys(settings)), ...Object.keys(shared)]),
];

/** Metrics that some run has read. */
export const metricNames = ({ rows }: TableData): string[] =>
  inOrder(new Set(rows.flatMap(({ last }) => Object.keys(last))));

/** Every column there is something for. */
export function columnsOf(data: TableData): readonly TableColumn[] {
  const names = metricNames(data);
  const limited = inOrder(new Set(data.rows.flatMap(({ limit }) => Object.keys(limit))));
  return [
    ...fixed,
    ...settingPaths(data).map((path) => settingColumn(data, path)),
    ...names.map((name) => metricColumn(name, "last")),
    ...names.map((name) => metricColumn(name, "best")),
    ...limited.map((name) => metricColumn(name, "limit")),
  ];
}

const first = ["setting:optimizer.learningRate", "setting:optimizer.batchSize"];
/** Says nothing of the training itself, or stands in a column of its own. */
const untold = /^setting:(name|launch|probes|checkpoints|closing|memory|engine)(\.|$)/;
const mostSettings = 4;

/** The columns shown until the user chooses: what tells runs apart and what they came to. */
export function usualColumns({ rows }: TableData): readonly string[] {
  const differing = new Set(rows.flatMap(({ settings }) => Object.keys(settings)));
  const settings = [...differing]
    .map((path) => `setting:${path}`)
    .filter((id) => !first.includes(id) && !untold.test(id));
  return [
    "name",
    "verdict",
    ...first,
    ...settings.slice(0, mostSettings),
    "last:sharpness",
    "limit:sharpness",
    "last:stability.limit",
    "last:loss.train",
    "status",
    ...(rows.some(({ place }) => place !== "") ? ["place"] : []),
    "tags",
    "started",
  ];
}

/** The columns of these ids there is something for, the name always first. */
export function chosen(all: readonly TableColumn[], ids: readonly string[]): readonly TableColumn[] {
  const byId = new Map(all.map((column) => [column.id, column]));
  return [...new Set(["name", ...ids])].flatMap((id) => byId.get(id) ?? []);
}
