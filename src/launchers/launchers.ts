// Every launcher. A new one is a file and a line here.
import type { Handle } from "../types/handle";
import type { Launcher } from "./launcher";
import { local } from "./local";
import { slurm } from "./slurm";

export const launchers = [local, slurm] as const satisfies readonly Launcher[];

export const launcherOf = (on: Handle["on"]): Launcher | undefined => launchers.find(({ id }) => id === on);
