// What a layer is: a function from a node [n, …] and its options to a node [n, …], declaring its parameters as it goes.
import type { Node } from "../../graph/node";
import type { LayerFragment } from "../../protocol/fragment";
import type { Scope } from "../scope";

/** `Options` are as the experiment writes them, null where the layer is its name alone. */
export interface Layer<Options = unknown> {
  /** How it may be written in an experiment. */
  readonly spec: LayerFragment;
  build(x: Node, options: Options, scope: Scope): Node;
}

export const defineLayer = <Options>(
  spec: LayerFragment,
  build: Layer<Options>["build"],
): Layer<Options> => ({ spec, build });
