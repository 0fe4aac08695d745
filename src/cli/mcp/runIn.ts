// What every tool says of a run, whatever else it tells.
import { relative } from "node:path";
import type { RunRecord } from "../../launchers";
import type { Served } from "./served";

export function runIn({ root }: Pick<Served, "root">, record: RunRecord) {
  const { folder, info, status, step, time, flag, damage } = record;
  const { learningRate, batchSize } = info.experiment.optimizer;
  return {
    id: info.id,
    name: info.experiment.name,
    folder: relative(root, folder) || ".",
    experiment: info.file,
    created: info.created,
    status,
    step,
    seconds: time,
    learningRate,
    batchSize,
    changed: info.overrides,
    ...(info.sweep && { sweep: info.sweep }),
    ...(info.branchedFrom && { branchedFrom: { run: info.branchedFrom.run, step: info.branchedFrom.step } }),
    ...(flag && { beyondItsLimit: flag }),
    ...(damage.length > 0 && { damage }),
  };
}
