// What one data source is: a name and a function from its spec to a data set.
import type { DataSpec, LossKind } from "../protocol/experiment";
import type { DataFragment } from "../protocol/fragment";
import type { Dataset, ReadBytes } from "./dataset";

export interface LoadContext {
  readonly readBytes: ReadBytes;
  /** Seed of the experiment; a source draws from `new Rng(seed, "data.<source>…")` only. */
  readonly seed: number;
  /** When given, targets that this loss cannot use are refused. */
  readonly loss?: LossKind;
}

type SpecOf<S extends DataSpec["source"]> = Extract<DataSpec, { readonly source: S }>;

export interface DataSource<S extends DataSpec["source"]> {
  readonly source: S;
  /** Its keys in an experiment, and what the checker and the panel know of it. */
  readonly spec: DataFragment;
  readonly load: (spec: SpecOf<S>, context: LoadContext) => Promise<Dataset>;
}

/** Types an entry by its source's spec. */
export const defineSource = <S extends DataSpec["source"]>(entry: DataSource<S>): DataSource<S> => entry;
