// Every command, one file each.
import { branch } from "./branch";
import { cleanUp } from "./cleanUp";
import { copyCliCommand } from "./copyCliCommand";
import { deleteRun } from "./deleteRun";
import { doctor } from "./doctor";
import { escape } from "./escape";
import { fetchTensorflow } from "./fetchTensorflow";
import { closeInline, explainInline, toggleInline } from "./inline";
import { newExperiment } from "./newExperiment";
import { openPanel } from "./openPanel";
import { openRunFile } from "./openRunFile";
import { openRunFolder } from "./openRunFolder";
import { pin, unpin } from "./pin";
import { refresh } from "./refresh";
import { resume } from "./resume";
import { run } from "./run";
import { runWith } from "./runWith";
import { setStable } from "./setStable";
import { showLog } from "./showLog";
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
  runWith,
  copyCliCommand,
  openRunFolder,
  cleanUp,
  doctor,
  escape,
  pin,
  unpin,
  showLog,
  toggleInline,
  closeInline,
  explainInline,
] as const;
