// What a kind (a data source, model, layer, loss, optimizer, probe) declares of itself, all of it data: `npm run schema` writes the
// schema, the experiment types and kinds.json from it, and the checker reads those without importing any kind.
import type { SchemaNode } from "./experimentSchema";
import type { Json } from "./jsonPath";

/**
 * A statement about the values of a kind, every member of which must hold. `key` is a key path inside the kind's own part
 * ("train.take"), or from the top of the experiment with a leading dot (".data.source"); "a × b" is a product, "list.length" a length.
 */
export interface Condition {
  readonly key: string;
  readonly is?: Json;
  readonly isNot?: Json;
  readonly above?: number;
  readonly atLeast?: number;
  /** A number, or the key it is compared with. */
  readonly below?: number | string;
  readonly given?: boolean;
}

/** A mistake that a JSON Schema cannot state. `{key}` in the texts is replaced by the value found there. */
export interface Rule {
  /** The key the problem stands at. */
  readonly at: string;
  /** Whether the key itself is wrong there, rather than its value. */
  readonly wrong?: "key";
  readonly when: readonly Condition[];
  readonly message: string;
  readonly hint: string;
}

/** A text that is used where its conditions hold. `{key}` is replaced by the value there. */
export interface Words {
  readonly text: string;
  readonly when?: readonly Condition[];
}

export interface Fragment {
  /** One line, shown beside the kind's name in completion. */
  readonly about: string;
  /** More about the kind, Markdown. */
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, SchemaNode>>;
  /** Keys without a default that a checked experiment has all the same. */
  readonly filled?: readonly string[];
  readonly rules?: readonly Rule[];
  /** What completion offers to put for the whole part. */
  readonly snippets?: readonly Snippet[];
}

interface Snippet {
  readonly label: string;
  readonly body: Json;
}

export interface DataFragment extends Fragment {
  /** The key that says how many training examples there are, or at most are; `most` where that key is not given. */
  readonly examples?: { readonly key: string; readonly most?: number };
  /** The key whose presence, or whose being above zero, means test data; "known later" where only the file says it; absent for none. */
  readonly test?: string;
  /** What the targets are; where the task decides, by the value of a key. */
  readonly targets:
    "labels" | "numbers" | "known later" | { readonly numbersWhen: Condition; readonly hint: string };
  /** The source with what identifies it: its file, its name, or the seed it was made from (`{.seed}`). */
  readonly from: string;
}

export interface OptimizerFragment extends Fragment {
  /** What a short description says beside the kind, in order, all that apply. */
  readonly words: readonly Words[];
  /** The full-batch threshold of sharpness in letters: the first that applies. */
  readonly limit: readonly Words[];
}

export interface LossFragment {
  readonly about: string;
  /** Set where the loss is defined for class labels alone. */
  readonly needsLabels?: true;
}

export interface LayerFragment {
  readonly about: string;
  /** Whether its name alone is a layer. */
  readonly bare?: true;
  /** What may stand behind its name. */
  readonly options?: SchemaNode;
}

/** A definition that several kinds share, with what differs here. */
export const ref = (name: string, own: SchemaNode = {}): SchemaNode => ({
  $ref: `#/definitions/${name}`,
  ...own,
});
