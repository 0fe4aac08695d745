// Every command, one file each.
import { deleteRun } from "./deleteRun";
import { fetchTensorflow } from "./fetchTensorflow";
import { newExperiment } from "./newExperiment";
import { openPanel } from "./openPanel";
import { openRunFile } from "./openRunFile";
import { refresh } from "./refresh";
import { resume } from "./resume";
import { run } from "./run";
import { stop } from "./stop";
import { stopAll } from "./stopAll";

export const commands = [
  run,
  stop,
  stopAll,
  openPanel,
  newExperiment,
  resume,
  deleteRun,
  openRunFile,
  refresh,
  fetchTensorflow,
] as const;
