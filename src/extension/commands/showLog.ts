// Basin: Show Log. What Basin itself did in this window.
import type { Command } from "./command";
import { commandIds } from "./ids";

export const showLog: Command = {
  id: commandIds.showLog,
  title: "Show Log",
  run: ({ log }) => log.show(),
};
