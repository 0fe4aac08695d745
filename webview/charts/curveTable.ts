// The curves of a chart as a table, for those who cannot see them and for reading a value off: as many rows as are read, the extremes among them.
import { align } from "../../src/record/align";
import { h } from "../dom";
import { count, num } from "../format";
import type { Plan } from "./chart";
import { namedLines, type StepRange } from "./curves";
import { decimate } from "../../src/record/pyramid";

/** Stretches of steps of which each line's lowest and highest reading have a row. */
const stretches = 12;

export interface CurveTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The lines that are named, over the steps in sight; a cell is empty where a line has no reading at that step. */
export function curveTable(plan: Plan, range: StepRange | undefined, off: readonly string[]): CurveTable {
  const lines = namedLines(plan).filter(({ label }) => !off.includes(label));
  const { steps, rows } = align(
    lines.map(({ column }) => inside(decimate(column, stretches, range?.from, range?.to), range)),
  );
  return {
    headings: ["step", ...lines.map(({ label }) => label)],
    rows: steps.map((step, i) => [
      count(step),
      ...rows.map((row) => (row[i] === undefined ? "" : num(row[i]))),
    ]),
  };
}

type View = ReturnType<typeof decimate>;

/** Without the neighbours that let a line leave the frame. */
function inside({ steps, values }: View, range: StepRange | undefined): View {
  if (!range) return { steps, values };
  const kept = Array.from(steps, (_, i) => i).filter((i) => steps[i] >= range.from && steps[i] <= range.to);
  return { steps: kept.map((i) => steps[i]), values: kept.map((i) => values[i]) };
}

export function tableElement({ headings, rows }: CurveTable, title: string): HTMLElement {
  return h(
    "table",
    {},
    h("caption", {}, `${title}: lowest and highest readings of ${stretches} stretches`),
    h("thead", {}, h("tr", {}, ...headings.map((text) => h("th", { scope: "col" }, text)))),
    h(
      "tbody",
      {},
      ...rows.map(([step, ...cells]) =>
        h("tr", {}, h("th", { scope: "row" }, step), ...cells.map((cell) => h("td", {}, cell))),
      ),
    ),
  );
}
