// The diagonal block of an operator that belongs to some of the parameters: the curvature of one layer by itself.
import type { LinearOperator } from "./operator";

/** v ↦ A_bb v for the entries start … start + size − 1. One product of A each. */
export function restricted(op: LinearOperator, start: number, size: number): LinearOperator {
  const [wide, out] = [new Float32Array(op.size), new Float32Array(op.size)];
  return {
    size,
    async apply(v, result) {
      wide.set(v, start);
      await op.apply(wide, out);
      result.set(out.subarray(start, start + size));
    },
  };
}

export interface Layer {
  /** Prefix that its parameters share: "3" for 3.weight and 3.bias. */
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/** Neighbouring parameters of one module form a layer. */
export function layersOf(
  parameters: readonly { readonly name: string; readonly shape: readonly number[] }[],
): Layer[] {
  const layers: Layer[] = [];
  let start = 0;
  for (const { name, shape } of parameters) {
    const module = name.replace(/\.?[^.]*$/, "") || name;
    const size = shape.reduce((a, b) => a * b, 1);
    const last = layers.at(-1);
    if (last?.name === module) layers[layers.length - 1] = { ...last, size: last.size + size };
    else layers.push({ name: module, start, size });
    start += size;
  }
  return layers;
}
