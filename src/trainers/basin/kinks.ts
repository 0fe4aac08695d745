// The kinks of a network, read off its graph: whatever kind of model made it.
import { reachable, type Node } from "../../graph/node";
import { kinkWords, type Kink } from "../../protocol/kinks";

/** Ops with the kink of another one. */
const kinkOf = new Map<string, string>([["windowMax", "oneHotMax" satisfies Kink]]);

/** Kinds of kinks between parameters and loss, each once, in the order of `kinkWords`. */
export function kinksOf(loss: Node): Kink[] {
  const ops = new Set(reachable([loss]).map(({ op }) => kinkOf.get(op.name) ?? op.name));
  return (Object.keys(kinkWords) as Kink[]).filter((kink) => ops.has(kink));
}
