// The whole log of a run, folded.
import { join } from "node:path";
import { files } from "../../protocol/runFolder";
import { RunSeries } from "../runSeries";
import { EventTail } from "./tail";

/** Everything a run has logged so far, without what a resume took back. */
export function readSeries(folder: string): RunSeries {
  const series = new RunSeries();
  for (const event of new EventTail(join(folder, files.events)).read().events) series.add(event);
  return series;
}
