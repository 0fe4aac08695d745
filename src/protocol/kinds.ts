// What is known of a kind without loading it: facts, rules and words, read from kinds.json, which `npm run schema` makes.
import type { DataSpec, LossKind, ModelSpec, OptimizerSpec } from "./experiment";
import type { Condition, DataFragment, LossFragment, OptimizerFragment, Rule, Words } from "./fragment";
import { getAt, type Json, type KeyPath } from "./jsonPath";
import kindsJson from "./kinds.json";

interface Facts {
  /** Key paths inside the kind's part that name files; "*" stands for every item of a list. */
  readonly files?: readonly string[];
  readonly rules?: readonly Rule[];
}
type DataFacts = Facts & Omit<DataFragment, "about" | "properties">;
type OptimizerFacts = Facts & Omit<OptimizerFragment, "about" | "properties">;
type LossFacts = Omit<LossFragment, "about">;

const kinds = kindsJson as unknown as {
  readonly data: Readonly<Record<DataSpec["source"], DataFacts>>;
  readonly model: Readonly<Record<NonNullable<ModelSpec["kind"]> | "onnx", Facts>>;
  readonly optimizer: Readonly<Record<OptimizerSpec["kind"], OptimizerFacts>>;
  readonly loss: Readonly<Record<LossKind, LossFacts>>;
};

/** Of a kind that this version does not know, or a script's own: nothing is known, and nothing said. */
const unknown = { words: [], limit: [], targets: "known later", from: "the script's own data" } as const;

export const dataFacts = ({ source }: DataSpec): DataFacts => own(kinds.data, source) ?? unknown;
export const modelFacts = ({ kind }: ModelSpec): Facts => kinds.model[kind ?? "onnx"];
export const optimizerFacts = ({ kind }: OptimizerSpec): OptimizerFacts =>
  own(kinds.optimizer, kind) ?? unknown;
export const lossFacts = (loss: LossKind): LossFacts => kinds.loss[loss];

/** What a condition or a text may ask for: the kind's own part, and the experiment around it. */
export interface Scope {
  readonly part: unknown;
  readonly experiment?: unknown;
}

/** The value a key of a condition stands for; see `Condition` for how it is written. */
function valueAt(key: string, scope: Scope): Json | undefined {
  if (key.includes(" × "))
    return key.split(" × ").reduce((product, own) => product * Number(valueAt(own, scope)), 1);
  const [root, path] = key.startsWith(".") ? [scope.experiment, key.slice(1)] : [scope.part, key];
  if (!path.endsWith(".length")) return getAt(root as Json, path.split("."));
  const list = getAt(root as Json, path.slice(0, -".length".length).split("."));
  return Array.isArray(list) ? list.length : undefined;
}

function holds({ key, is, isNot, above, atLeast, below, given }: Condition, scope: Scope): boolean {
  const value = valueAt(key, scope);
  const bound = typeof below === "string" ? valueAt(below, scope) : below;
  return (
    (is === undefined || value === is) &&
    (isNot === undefined || value !== isNot) &&
    (above === undefined || Number(value) > above) &&
    (atLeast === undefined || Number(value) >= atLeast) &&
    (bound === undefined || Number(value) < Number(bound)) &&
    (given === undefined || (value !== undefined) === given)
  );
}

export const allHold = (conditions: readonly Condition[] | undefined, scope: Scope): boolean =>
  (conditions ?? []).every((condition) => holds(condition, scope));

/** A text with the values its `{key}`s stand for. */
export const filledIn = (text: string, scope: Scope): string =>
  text.replace(/\{([\w.× -]+)\}/g, (_match, key: string) => {
    const value = valueAt(key, scope);
    return Array.isArray(value) ? value.map(plain).join(", ") : plain(value);
  });

const plain = (value: Json | undefined): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");

/** The texts that apply, filled in. */
export const wordsThatHold = (words: readonly Words[], scope: Scope): string[] =>
  words.filter(({ when }) => allHold(when, scope)).map(({ text }) => filledIn(text, scope));

/** Number at a key that may be a list's length. */
export function numberAt(key: string, scope: Scope): number | undefined {
  const value = valueAt(key, scope);
  return typeof value === "number" ? value : undefined;
}

/** Key paths, from the kind's own part, of the files it names. */
export function filesNamed({ files = [] }: Facts, part: unknown): KeyPath[] {
  return files.flatMap((file) => expanded(file.split("."), part as Json));
}

function expanded(path: KeyPath, part: Json): KeyPath[] {
  const star = path.indexOf("*");
  if (star < 0) return typeof getAt(part, path) === "string" ? [path] : [];
  const list = getAt(part, path.slice(0, star));
  if (!Array.isArray(list)) return [];
  return list.flatMap((_, i) => expanded([...path.slice(0, star), String(i), ...path.slice(star + 1)], part));
}

/** Key paths, from the top of an experiment as written, of the files its data and model name. */
export function filesOfParts(experiment: Json): KeyPath[] {
  const facts: readonly (readonly [string, Facts | undefined])[] = [
    ["data", own(kinds.data, getAt(experiment, ["data", "source"]))],
    [
      "model",
      getAt(experiment, ["model", "onnx"]) === undefined
        ? own(kinds.model, getAt(experiment, ["model", "kind"]) ?? "mlp")
        : kinds.model.onnx,
    ],
  ];
  return facts.flatMap(([name, fact]) =>
    fact ? filesNamed(fact, getAt(experiment, [name])).map((path) => [name, ...path]) : [],
  );
}

const own = <T>(record: Readonly<Record<string, T>>, key: Json | undefined): T | undefined =>
  typeof key === "string" && Object.hasOwn(record, key) ? record[key] : undefined;
