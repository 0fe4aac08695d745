// Which steps of a run can be gone on from.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { files } from "../protocol/runFolder";

/** Steps with a checkpoint, ascending; empty where there is none. */
export function checkpointSteps(folder: string): number[] {
  let names: string[];
  try {
    names = readdirSync(join(folder, files.checkpoints));
  } catch {
    return [];
  }
  const steps = names.flatMap((name) =>
    (/^step-(\d+)\.(?:safetensors|pt)$/.exec(name) ?? []).slice(1).map(Number),
  );
  return steps.sort((a, b) => a - b);
}
