// The commands that only look.
import type { Services } from "../services";
import type { Command } from "./command";
import { compare } from "./compare";
import type { looking } from "./ids";
import { closeInline, explainInline, toggleInline } from "./inline";
import { openPanel } from "./openPanel";
import { openRunFile } from "./openRunFile";
import { openRunFolder } from "./openRunFolder";
import { refresh } from "./refresh";
import { showLog } from "./showLog";

const byName: Readonly<Record<(typeof looking)[number], Command<Services>>> = {
  openPanel,
  openRunFile,
  openRunFolder,
  refresh,
  showLog,
  toggleInline,
  closeInline,
  explainInline,
  compare,
};

export const lookingCommands = Object.values(byName);
