// The states that a script has saved, `checkpoints/step-<n>.pt`: what it goes on from.
import { lstatSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { files } from "../../protocol/runFolder";

export interface SavedState {
  readonly path: string;
  readonly step: number;
}

/** The newest state of a run, or that of a step; null where there is none. */
export function savedState(folder: string, step?: number): SavedState | null {
  const dir = join(resolve(folder), files.checkpoints);
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    return null;
  }
  const found = names.flatMap((name): SavedState[] => {
    const own = Number(/^step-(\d{1,15})\.pt$/.exec(name)?.[1] ?? NaN);
    const path = join(dir, name);
    const fits = Number.isSafeInteger(own) && (step === undefined || own === step);
    return fits && lstatSync(path, { throwIfNoEntry: false })?.isFile() ? [{ path, step: own }] : [];
  });
  return found.sort((a, b) => b.step - a.step)[0] ?? null;
}
