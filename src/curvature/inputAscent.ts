// How far the outputs of a network can be moved by small changes of its inputs: projected gradient ascent, every example by itself.
import { vjp } from "../graph/differentiate";
import { mul, sub, sumLast } from "../graph/ops";
import type { Node } from "../graph/node";
import type { ChunkPoints } from "./chunks";
import type { CompiledNetwork } from "./compiledNetwork";
import type { CurvaturePoint } from "./curvaturePoint";

/** Steps of each ascent: the direction turns as in power iteration, by how much the outputs differ along it. */
const steps = 12;

/** Outputs of all examples, [n, K]. One forward pass. */
export const outputsOf = async (points: ChunkPoints): Promise<Float32Array> => {
  const { n, K } = points.network;
  const all = new Float32Array(n * K);
  await points.forEach(
    "outputs",
    ({ network }) => [network.output],
    () => new Map(),
    ([own], { start }) => all.set(own, start * K),
  );
  return all;
};

/** ‖f − f₀‖² per example [n] where the inputs are, and its gradient there, J ᵀ(f − f₀), [n, D]. One forward and one backward pass. */
async function changeAt(
  points: ChunkPoints,
  from: Float32Array,
): Promise<{ squares: Float32Array; pull: Float32Array }> {
  const { n, K } = points.network;
  const fromOf = ({ network }: CompiledNetwork): Node => network.graph.input("ascent.from", [network.n, K]);
  const squares = new Float32Array(n);
  let pull = new Float32Array();
  await points.forEach(
    "ascent",
    (compiled) => {
      const { output, x } = compiled.network;
      const change = sub(output, fromOf(compiled));
      return [sumLast(mul(change, change)), ...vjp([output], [change], [x])];
    },
    ({ compiled, start, n: count }) =>
      new Map([[fromOf(compiled), from.subarray(start * K, (start + count) * K)]]),
    ([own, toInput], { start, n: count }) => {
      if (pull.length === 0) pull = new Float32Array((toInput.length / count) * n);
      squares.set(own, start);
      pull.set(toInput, (toInput.length / count) * start);
    },
  );
  return { squares, pull };
}

/**
 * The largest ‖f(xᵢ + δ) − f(xᵢ)‖ over ‖δ‖ ≤ r that ascent finds, [n]: no smaller change is the largest, a larger one may be missed.
 * δ ← r Jᵀ(f(x + δ) − f(x))/‖·‖ from a random direction, and again from the opposite of the best one. Costs 25 gradients.
 *
 * @param normal  Draws from a normal distribution.
 * @source Madry et al., ICLR 2018, projected gradient on a sphere, with steps as long as its radius.
 */
export async function largestChange(
  at: CurvaturePoint,
  radius: number,
  normal: () => number,
): Promise<Float64Array> {
  const { x, moved, perExample } = at;
  const { n } = perExample.network;
  const D = x.length / n;
  const from = await outputsOf(perExample);
  const best = new Float64Array(n);
  const turned = new Float32Array(x.length);
  let delta = onSphere(Float32Array.from(x, normal), D, radius);
  for (let start = 0; start < 2; start++) {
    for (let step = 0; step < steps; step++) {
      await at.meter.check();
      const { squares, pull } = await changeAt(moved(x.map((value, i) => value + delta[i])), from);
      squares.forEach((square, i) => {
        if (!(square > best[i])) return;
        best[i] = square;
        for (let j = i * D; j < (i + 1) * D; j++) turned[j] = -delta[j];
      });
      delta = onSphere(pull, D, radius, delta);
    }
    delta = turned.slice();
  }
  return best.map(Math.sqrt);
}

/** Rows [n, D] brought to length r; a row without a direction stays as it was in `before`. */
function onSphere(rows: Float32Array, D: number, radius: number, before?: Float32Array): Float32Array {
  const out = rows.slice();
  for (let i = 0; i < rows.length; i += D) {
    const row = out.subarray(i, i + D);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length > 0 && Number.isFinite(length))
      row.forEach((value, j) => (row[j] = (value / length) * radius));
    else if (before) row.set(before.subarray(i, i + D));
  }
  return out;
}
