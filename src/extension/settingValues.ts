// What the texts of settings mean; one that means nothing counts as not given. Pure.
import type { Experiment } from "../protocol/experiment";
import schema from "../protocol/basin.schema.json";
import { runsFolder } from "../protocol/runFolder";

export type ExperimentDefaults = Pick<Partial<Experiment>, "engine" | "memory">;

const { engine: engines, memory: sizes } = schema.properties;

/** The engine and the memory budget of experiments that name none. */
export function experimentDefaults(engine: unknown, memory: unknown): ExperimentDefaults {
  const known = (engines.enum as Experiment["engine"][]).find((one) => one === engine);
  const size = typeof memory === "string" && new RegExp(sizes.pattern).test(memory) ? memory : undefined;
  return { ...(known && { engine: known }), ...(size !== undefined && { memory: size }) };
}

/** The folder of runs as named; the usual one where the name is empty. */
export function runsFolderOf(named: unknown): string {
  const name = typeof named === "string" ? named.trim() : "";
  return name === "" ? runsFolder : name;
}
