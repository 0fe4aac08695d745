// Every subcommand, in the order help shows them. A new one is a file and a line here.
import type { Command } from "./command";
import { branch } from "./branch";
import { compare } from "./compare";
import { doctor } from "./doctor";
import { escape } from "./escape";
import { explain } from "./explain";
import { explore } from "./explore";
import { exportRuns } from "./export";
import { fetch } from "./fetch";
import { judge } from "./judge";
import { list } from "./list";
import { mcp } from "./mcp";
import { measure } from "./measure";
import { resume } from "./resume";
import { run } from "./run";
import { show } from "./showRun";
import { stop } from "./stop";
import { suggest } from "./suggest";
import { verdict } from "./verdict";

export const commands: readonly Command[] = [
  run,
  measure,
  suggest,
  resume,
  stop,
  branch,
  escape,
  explain,
  explore,
  list,
  show,
  verdict,
  judge,
  compare,
  exportRuns,
  fetch,
  mcp,
  doctor,
];
