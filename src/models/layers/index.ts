// The layer registry: one line a layer. A layer is written as its name, or as { name: options }.
import type { Node } from "../../graph/node";
import type { LayerSpec } from "../../protocol/experiment";
import { activations } from "../activations";
import type { Scope } from "../scope";
import { selfAttention } from "./attention";
import { conv2d } from "./conv2d";
import { dense } from "./dense";
import { embedding, positions } from "./embedding";
import type { Layer } from "./layer";
import { batchNorm, layerNorm } from "./norm";
import { avgPool2d, globalAvgPool2d, maxPool2d } from "./pool2d";
import { residual } from "./residual";
import { dropout, flatten, lastPosition, meanPool } from "./simple";

/** A layer as written, or one that only the model it belongs to knows. */
export type Part = LayerSpec | ((x: Node, scope: Scope) => Node);

/** What each name builds. The schema lets through to a layer only the options it declares. */
export const layers = {
  ...activations,
  flatten,
  dense,
  conv2d,
  avgPool2d,
  maxPool2d,
  globalAvgPool2d,
  layerNorm,
  batchNorm,
  dropout,
  embedding,
  positions,
  selfAttention,
  meanPool,
  lastPosition,
  residual: residual((x, parts, scope, key) => stack(x, parts, scope, key)),
} as unknown as Readonly<Record<string, Layer>>;

/** Name and options of a layer as written. */
function layerOf(spec: LayerSpec): { name: string; options: unknown } {
  if (typeof spec === "string") return { name: spec, options: null };
  const [name] = Object.keys(spec);
  return { name, options: spec[name] };
}

/** Layers one after another; each takes an index in the names of its parameters, as in nn.Sequential. */
export function stack(x: Node, parts: readonly Part[], scope: Scope, key: string): Node {
  return parts.reduce<Node>((at, part, i) => {
    const own = scope.child(String(i), `${key}.${i}`);
    if (typeof part === "function") return part(at, own);
    const { name, options } = layerOf(part);
    return layers[name].build(at, options, own);
  }, x);
}
