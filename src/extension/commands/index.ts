// Every command, one file each; those that only look are in a registry of their own.
import { branch } from "./branch";
import { cleanUp } from "./cleanUp";
import { copyCliCommand } from "./copyCliCommand";
import { openDashboard, openText } from "./dashboard";
import { deleteRun } from "./deleteRun";
import { doctor } from "./doctor";
import { escape } from "./escape";
import { explain } from "./explain";
import { explore } from "./explore";
import { exportRuns } from "./export";
import { fetchTensorflow } from "./fetchTensorflow";
import { lookingCommands } from "./looking";
import { newExperiment } from "./newExperiment";
import { editNote, editTags, rename } from "./notes";
import { pin, unpin } from "./pin";
import { resume } from "./resume";
import { run } from "./run";
import { runOnSlurm } from "./runOnSlurm";
import { runWith } from "./runWith";
import { setStable } from "./setStable";
import { setUpPytorch } from "./setUpPytorch";
import { suggest } from "./suggest";
import { showSweepMap } from "./sweepMap";
import { stop } from "./stop";
import { stopAll } from "./stopAll";
import { watchLoop } from "./watchLoop";

export const commands = [
  ...lookingCommands,
  run,
  stop,
  stopAll,
  newExperiment,
  resume,
  deleteRun,
  fetchTensorflow,
  branch,
  setStable,
  runWith,
  copyCliCommand,
  cleanUp,
  doctor,
  escape,
  explore,
  explain,
  suggest,
  pin,
  unpin,
  openDashboard,
  openText,
  exportRuns,
  showSweepMap,
  rename,
  editNote,
  editTags,
  setUpPytorch,
  runOnSlurm,
  watchLoop,
] as const;
