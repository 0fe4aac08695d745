// Every command, one file each.
import { branch } from "./branch";
import { deleteRun } from "./deleteRun";
import { fetchTensorflow } from "./fetchTensorflow";
import { closeInline, explainInline, toggleInline } from "./inline";
import { newExperiment } from "./newExperiment";
import { openPanel } from "./openPanel";
import { openRunFile } from "./openRunFile";
import { refresh } from "./refresh";
import { resume } from "./resume";
import { run } from "./run";
import { setStable } from "./setStable";
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
  branch,
  setStable,
  toggleInline,
  closeInline,
  explainInline,
] as const;
