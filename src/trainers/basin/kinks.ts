// The kinks of a network, read off its graph: whatever kind of model made it.
import { reachable, type Node } from "../../graph/node";
import { kinkWords, type Kink } from "../../protocol/kinks";

/** Kinds of kinks between parameters and loss, each once, in the order of `kinkWords`. */
export function kinksOf(loss: Node): Kink[] {
  const ops = new Set(reachable([loss]).map(({ op }) => op.name));
  return (Object.keys(kinkWords) as Kink[]).filter((kink) => ops.has(kink));
}
