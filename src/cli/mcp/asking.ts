// What the tools that measure share: one point of an experiment, and one measurement at a time, for each takes a machine's cores.
import { fileError } from "../../protocol/errors";
import type { Experiment } from "../../protocol/experiment";
import { needModel } from "../../protocol/script";
import type { Served } from "./served";

/** The experiment that a file and settings name. @throws UserError for a sweep, of which it says how to name one point, and where a script trains. */
export function onePoint(
  served: Served,
  name: string,
  set: readonly string[],
  what: string,
): { readonly experiment: Experiment; readonly file: string } {
  const { file, points } = served.experiment(name, set);
  needModel(name, points[0].experiment, what);
  if (points.length === 1) return { experiment: points[0].experiment, file };
  const keys = Object.keys(points[0].overrides);
  const example = keys.map((key) => `"${key}=${JSON.stringify(points[0].overrides[key])}"`).join(", ");
  throw fileError(name, `is a sweep of ${points.length} points`, `Name one with \`set\`: ${example}.`);
}

/** The measurement before, however it ended. */
let before: Promise<unknown> = Promise.resolve();

export function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const own = before.then(task);
  before = own.catch(() => undefined);
  return own;
}
