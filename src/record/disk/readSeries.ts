// The whole log of a run, folded.
import { join } from "node:path";
import { files } from "../../protocol/runFolder";
import { RunSeries } from "../runSeries";
import { loadIndex } from "./seriesIndex";
import { RunTail } from "./runTail";

/** Everything a run has logged so far, without what a resume took back. A long log is read by its index where it has one. */
export function readSeries(folder: string): RunSeries {
  const path = join(folder, files.events);
  const index = loadIndex(path);
  const series = index?.series ?? new RunSeries();
  const tail = new RunTail(folder);
  if (index) tail.continueFrom(index.offset);
  for (const event of tail.read().events) series.add(event);
  return series;
}
