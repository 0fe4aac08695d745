// Loss, gradient, Hessian and its derivative along a vector, over all examples at one θ.
import { grad, hvp, jvp } from "../graph/differentiate";
import { add, dot } from "../graph/ops";
import { standingViews, viewsOf } from "./flat";
import { asking, type ChunkPoints } from "./chunks";
import type { Meter } from "./meter";
import type { LinearOperator } from "./operator";

/** What every operator at a point needs. */
export interface AtPoint {
  readonly size: number;
  readonly shapes: readonly (readonly number[])[];
  readonly meter: Meter;
  /** The loss that training follows. */
  readonly fullBatch: ChunkPoints;
}

export interface Evaluation {
  readonly loss: number;
  /** [n, K]. */
  readonly outputs: Float32Array;
  /** [n]. */
  readonly perExample: Float32Array;
  /** [P]. */
  readonly gradient: Float32Array;
}

/** Loss, outputs [n, K], per-example losses [n] and gradient [P] at θ. One forward and one backward pass, and one forward pass. */
export async function evaluate({ fullBatch, shapes, size }: AtPoint): Promise<Evaluation> {
  const { n, K } = fullBatch.network;
  const [outputs, perExample] = [new Float32Array(n * K), new Float32Array(n)];
  const gradient = new Float32Array(size);
  const mean = new Float32Array(1);
  await fullBatch.mean(
    "gradient",
    ({ network: { loss, parameters } }) => [loss, ...grad(loss, parameters)],
    () => new Map(),
    [mean, ...viewsOf(gradient, shapes)],
  );
  await fullBatch.forEach(
    "outputs",
    ({ network }) => [network.output, network.perExample],
    () => new Map(),
    ([f, losses], { start }) => {
      outputs.set(f, start * K);
      perExample.set(losses, start);
    },
  );
  return { loss: mean[0], outputs, perExample, gradient };
}

/** H v, H = ∇²L. One product costs about one gradient. */
export function hessian({ fullBatch, shapes, size, meter }: AtPoint): LinearOperator {
  return {
    size,
    apply: async (v, out) => {
      await fullBatch.mean(
        "hessian",
        ({ network: { loss, parameters }, v: nodes }) => hvp(loss, parameters, nodes),
        asking(meter, ({ compiled }) => compiled.views(v, shapes)),
        standingViews(out, shapes),
      );
      meter.products++;
    },
  };
}

/**
 * vᵀHv, the second derivative of the loss along v [P]. Forwards twice, with no pass backwards: two thirds of a product that stages
 * nothing, and it rounds otherwise than a product does.
 */
export async function hessianAlong({ fullBatch, shapes, meter }: AtPoint, v: Float32Array): Promise<number> {
  const value = new Float32Array(1);
  await fullBatch.mean(
    "hessianAlong",
    ({ network: { loss, parameters }, v: nodes }) => jvp(jvp([loss], parameters, nodes), parameters, nodes),
    asking(meter, ({ compiled }) => compiled.views(v, shapes)),
    [value],
  );
  meter.products++;
  return value[0];
}

/**
 * ∇_θ (vᵀH(θ)v) at fixed v [P], the gradient of sharpness where v is a unit top eigenvector: one more differentiation.
 * @source Damian, Nichani & Lee, ICLR 2023; theory.md, section 6. Costs about two Hessian products.
 */
export async function curvatureGradient(
  { fullBatch, shapes, size, meter }: AtPoint,
  v: Float32Array,
): Promise<Float32Array> {
  const out = new Float32Array(size);
  await fullBatch.mean(
    "curvatureGradient",
    ({ network: { loss, parameters }, v: nodes }) => {
      const inner = hvp(loss, parameters, nodes)
        .map((node, i) => dot(node, nodes[i]))
        .reduce((a, b) => add(a, b));
      return grad(inner, parameters);
    },
    asking(meter, ({ compiled }) => compiled.views(v, shapes)),
    viewsOf(out, shapes),
  );
  meter.products += 2;
  return out;
}
