// The runs that a call names, with all that they recorded.
import { findRun } from "../launchers";
import { readSeries } from "../record/disk/readSeries";
import type { ExportedRun } from "../record/export/exporter";
import { printable } from "../util/printable";
import type { Arguments } from "./arguments";
import { runsDirHere } from "./places";

/** The runs, each once, in the order named. @throws UserError where one is not found. */
export async function runsNamed(given: Arguments): Promise<ExportedRun[]> {
  const found = new Map<string, ExportedRun>();
  for (const word of given.words) {
    const { folder, info, verdict } = await findRun(runsDirHere(given), word);
    if (!found.has(folder))
      found.set(folder, { info, verdict, series: readSeries(folder), label: printable(info.id) });
  }
  return [...found.values()];
}
