// Which runs a command was called with: one of the tree or the panel, or several of the table. Pure.
import { runKeyOf } from "./views/tree";

/** The folders of the runs in a command's argument; none where it was called without. */
export function runKeysOf(argument: unknown): readonly string[] {
  if (typeof argument === "object" && argument !== null && "runs" in argument && Array.isArray(argument.runs))
    return argument.runs.filter((key): key is string => typeof key === "string");
  const one = runKeyOf(argument);
  return one === undefined ? [] : [one];
}
