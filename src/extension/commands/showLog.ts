// Basin: Show Log. What Basin itself did in this window.
import type { Services } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const showLog: Command<Services> = {
  id: commandIds.showLog,
  title: "Show Log",
  run: ({ log }) => log.show(),
};
