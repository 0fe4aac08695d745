// The layer registry: one line a layer. A layer is written as its name, or as { name: options }.
import type { Node } from "../../graph/node";
import type { LayerSpec } from "../../protocol/experiment";
import { activations } from "../activations";
import type { Scope } from "../scope";
import { selfAttention, type AttentionOptions } from "./attention";
import { conv2d, type Conv2dOptions } from "./conv2d";
import { dense, type DenseOptions } from "./dense";
import { embedding, positions, type EmbeddingOptions } from "./embedding";
import { batchNorm, layerNorm } from "./norm";
import { avgPool2d, globalAvgPool2d, maxPool2d, type PoolOptions } from "./pool2d";
import { residual, type ResidualOptions } from "./residual";
import { dropout, flatten, lastPosition, meanPool } from "./simple";

type Options = Readonly<Record<string, unknown>> | number | readonly LayerSpec[] | null;
type Builder = (x: Node, options: Options, scope: Scope) => Node;

/** A layer as written, or one that only the model it belongs to knows. */
export type Part = LayerSpec | ((x: Node, scope: Scope) => Node);

const pool = (options: Options): PoolOptions =>
  typeof options === "number" ? { kernel: options } : (options as unknown as PoolOptions);

/** What each name builds; `options` are as the schema lets them through. */
export const layers: Readonly<Record<string, Builder>> = {
  ...Object.fromEntries(
    Object.entries(activations).map(([name, f]): [string, Builder] => [name, (x) => f(x)]),
  ),
  dense: (x, options, scope) => {
    const given = options === null ? scope.build.outputs : options;
    return dense.build(
      x,
      typeof given === "number" ? { units: given } : (given as unknown as DenseOptions),
      scope,
    );
  },
  conv2d: (x, options, scope) => conv2d.build(x, options as unknown as Conv2dOptions, scope),
  avgPool2d: (x, options, scope) => avgPool2d.build(x, pool(options), scope),
  maxPool2d: (x, options, scope) => maxPool2d.build(x, pool(options), scope),
  globalAvgPool2d: (x, _options, scope) => globalAvgPool2d.build(x, null, scope),
  flatten: (x, _options, scope) => flatten.build(x, null, scope),
  layerNorm: (x, _options, scope) => layerNorm.build(x, null, scope),
  batchNorm: (x, _options, scope) => batchNorm.build(x, null, scope),
  dropout: (x, options, scope) => dropout.build(x, options as number, scope),
  embedding: (x, options, scope) => embedding.build(x, options as unknown as EmbeddingOptions, scope),
  positions: (x, _options, scope) => positions.build(x, null, scope),
  selfAttention: (x, options, scope) => selfAttention.build(x, options as unknown as AttentionOptions, scope),
  meanPool: (x, _options, scope) => meanPool.build(x, null, scope),
  lastPosition: (x, _options, scope) => lastPosition.build(x, null, scope),
  residual: (x, options, scope) =>
    residual(stack)(
      x,
      Array.isArray(options)
        ? { layers: options as readonly LayerSpec[] }
        : (options as unknown as ResidualOptions),
      scope,
    ),
};

/** Name and options of a layer as written. */
export function layerOf(spec: LayerSpec): { name: string; options: Options } {
  if (typeof spec === "string") return { name: spec, options: null };
  const [name] = Object.keys(spec);
  return { name, options: (spec as Readonly<Record<string, Options>>)[name] };
}

/** Layers one after another; each takes an index in the names of its parameters, as in nn.Sequential. */
export function stack(x: Node, parts: readonly Part[], scope: Scope, key: string): Node {
  return parts.reduce<Node>((at, part, i) => {
    const own = scope.child(String(i), `${key}.${i}`);
    if (typeof part === "function") return part(at, own);
    const { name, options } = layerOf(part);
    return layers[name](at, options, own);
  }, x);
}
