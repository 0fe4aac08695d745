// What an experiment says about its data before any is read: number of examples, test set, targets, where it comes from.
import type { DataSpec } from "./experiment";
import { allHold, dataFacts, filledIn, numberAt } from "./kinds";
import { getAt, type Json } from "./jsonPath";

/** Number of training examples as far as the experiment says it: an upper bound where files may hold fewer. */
export function knownExamples(data: DataSpec): { readonly n: number; readonly key: string } | undefined {
  const { examples } = dataFacts(data);
  if (!examples) return undefined;
  const n = numberAt(examples.key, { part: data }) ?? examples.most;
  return n === undefined ? undefined : { n, key: `data.${examples.key.replace(/\.length$/, "")}` };
}

/** Whether test data will be there; true where only the file says so, when it is read. */
export function hasTestData(data: DataSpec): boolean {
  const { test } = dataFacts(data);
  if (test === undefined || test === "known later") return test !== undefined;
  const value = getAt(data as unknown as Json, test.split("."));
  return typeof value === "number" ? value > 0 : value !== undefined;
}

/** The key that says whether there is test data, where one does. */
export const testKey = (data: DataSpec): string | undefined => {
  const { test } = dataFacts(data);
  return test === "known later" ? undefined : test;
};

/** Why a loss for class labels cannot use the targets, as a hint what to change; undefined where it can, or may. */
export function numbersNotLabels(data: DataSpec): { readonly hint: string } | undefined {
  const { targets } = dataFacts(data);
  if (typeof targets === "object")
    return allHold([targets.numbersWhen], { part: data }) ? { hint: targets.hint } : undefined;
  return targets === "numbers" ? { hint: 'Use "mse" or "squared-error".' } : undefined;
}

/** The source with what identifies it: its file, its name, or the seed it was made from. */
export const describeData = (data: DataSpec, seed: number): string =>
  filledIn(dataFacts(data).from, { part: data, experiment: { seed } });
