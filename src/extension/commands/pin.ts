// Basin: Pin Run and Unpin Run. A pinned run is one that no clean-up takes.
import { changeNote } from "../../launchers";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";
import { runKeysOf } from "../runsOf";

const pinning =
  (pinned: boolean): Command["run"] =>
  async (services, argument) => {
    const texts = pinned
      ? { placeHolder: "Run to keep in every clean-up", none: "there is no run to pin." }
      : { placeHolder: "Run to unpin", none: "no run is pinned." };
    const several = runKeysOf(argument);
    const picked =
      several.length > 0
        ? undefined
        : await pickRun(services, argument, (one) => one.note.pinned !== pinned, texts);
    const folders = picked ? [picked.folder] : several.filter((key) => services.runs.byKey(key));
    for (const folder of folders) changeNote(folder, { pinned });
    await services.runs.refresh();
  };

export const pin: Command = {
  id: commandIds.pin,
  title: "Pin Run",
  needs: "trust",
  run: pinning(true),
};

export const unpin: Command = {
  id: commandIds.unpin,
  title: "Unpin Run",
  needs: "trust",
  run: pinning(false),
};
