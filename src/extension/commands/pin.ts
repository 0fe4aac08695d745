// Basin: Pin Run and Unpin Run. A pinned run is one that no clean-up takes.
import { setPin } from "../../launchers";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

const pinning =
  (pinned: boolean): Command["run"] =>
  async (services, argument) => {
    const texts = pinned
      ? { placeHolder: "Run to keep in every clean-up", none: "there is no run to pin." }
      : { placeHolder: "Run to unpin", none: "no run is pinned." };
    const run = await pickRun(services, argument, (one) => one.pinned !== pinned, texts);
    if (!run) return;
    setPin(run.folder, pinned);
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
