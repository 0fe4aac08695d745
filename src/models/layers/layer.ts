// What a layer is: a function from a node [n, …] and its options to a node [n, …], declaring its parameters as it goes.
import type { Node } from "../../graph/node";
import type { Scope } from "../scope";

export interface Layer<Options> {
  build(x: Node, options: Options, scope: Scope): Node;
}

export const defineLayer = <Options>(build: Layer<Options>["build"]): Layer<Options> => ({ build });
