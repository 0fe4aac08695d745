// Where things are for the command line: the run process beside it, and the runs folder a call means.
import { join, resolve } from "node:path";
import { runsDirOf, workspaceOf, type ProcessOptions } from "../launchers";
import type { Arguments, OptionSpec } from "./arguments";

/** The bundled run process; all bundles lie in dist. */
export const runScript = join(__dirname, "run.js");

/** How processes are started from here. */
export const processes: ProcessOptions = { runScript, queueScript: join(__dirname, "queue.js") };

export const runsOption: OptionSpec = {
  name: "runs",
  value: "DIR",
  text: "the folder of runs (default: .basin/runs of the workspace)",
};

/** The runs of the workspace around this folder, or those named with --runs. */
export const runsDirHere = (given: Arguments): string =>
  resolve(given.one("runs") ?? runsDirOf(workspaceOf(join(process.cwd(), "any.basin.json"))));
