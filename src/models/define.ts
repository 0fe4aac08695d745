// What a kind of model is: a list of layers made from its settings, and what an experiment may write about it.
import type { BuiltinSpec } from "../protocol/experiment";
import type { Fragment } from "../protocol/fragment";
import type { Part } from "./layers";

export interface ModelKind<K extends BuiltinSpec["kind"]> {
  readonly kind: K;
  readonly spec: Fragment;
  /** Set where the first layer is dense: every example is then one row. */
  readonly flat?: true;
  layers(spec: Extract<BuiltinSpec, { readonly kind: K }>, outputs: number): readonly Part[];
}

/** Types an entry by its kind's settings. */
export const defineModel = <K extends BuiltinSpec["kind"]>(
  kind: K,
  entry: Omit<ModelKind<K>, "kind">,
): ModelKind<K> => ({ kind, ...entry });
