// Which runs a clean-up may take, in groups by how they ended and how long ago; a pinned one is in none. Pure.
import type { RunRecord } from "../../launchers";
import { isActive } from "../../types/runStatus";

export interface CleanUpChoice {
  readonly label: string;
  readonly runs: readonly RunRecord[];
}

const day = 86_400_000;
const ages = [
  ["day", day],
  ["week", 7 * day],
  ["month", 30 * day],
] as const;

/** Groups that hold something; what trains, waits or has not been heard of is in none. */
export function cleanUpChoices(runs: readonly RunRecord[], now: number): CleanUpChoice[] {
  const ended = runs.filter(({ status, note }) => !isActive(status) && !note.pinned);
  const older = (than: number) => ended.filter(({ info }) => now - Date.parse(info.created) > than);
  const choices: CleanUpChoice[] = [
    {
      label: "Failed, or their process is gone",
      runs: ended.filter(({ status }) => status === "failed" || status === "died"),
    },
    { label: "Ended without a verdict", runs: ended.filter(({ verdict }) => verdict === null) },
    { label: "Diverged", runs: ended.filter(({ status }) => status === "diverged") },
    ...ages.map(([name, length]) => ({ label: `Started more than a ${name} ago`, runs: older(length) })),
    { label: "All that have ended", runs: ended },
  ];
  return choices.filter((choice) => choice.runs.length > 0);
}
