// Basin: Open Dashboard, and back to the text: two editors of one file.
import { openAs } from "../dashboard/dashboards";
import type { Command } from "./command";
import { experimentFrom, pickExperiment } from "./experimentFrom";
import { commandIds } from "./ids";

export const openDashboard: Command = {
  id: commandIds.openDashboard,
  title: "Open Dashboard",
  run: async (services, argument) => {
    const uri =
      experimentFrom(argument ?? "active") ??
      (await pickExperiment(services, "Experiment to open as a dashboard"));
    if (uri) await openAs(uri, "form");
  },
};

export const openText: Command = {
  id: commandIds.openText,
  title: "Open as Text",
  run: async ({ activeFile }, argument) => {
    const uri = experimentFrom(argument) ?? activeFile.uri;
    if (uri) await openAs(uri, "text");
  },
};
