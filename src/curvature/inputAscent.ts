// How far the outputs of a network can be moved by small changes of its inputs: projected gradient ascent, every example by itself.
import { vjp } from "../graph/differentiate";
import { mul, sub, sumLast } from "../graph/ops";
import type { Node } from "../graph/node";
import type { ChunkPoints } from "./chunks";
import type { CompiledNetwork } from "./compiledNetwork";
import type { CurvaturePoint } from "./curvaturePoint";

/** Steps of each ascent at most: the direction turns as in power iteration, by how much the outputs differ along it. */
const steps = 12;
/** Share of the squared changes, over all examples, that a step has to add for another one to follow; not asked of the first few. */
const [worthwhile, least] = [1e-3, 3];

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

/**
 * ‖f − f₀‖² per example [n] at inputs x [n, D]; in `pull` its gradient there, J ᵀ(f − f₀), [n, D]. One forward and one backward pass: of inputs
 * that come once nothing is staged.
 */
async function changeAt(
  points: ChunkPoints,
  x: Float32Array,
  from: Float32Array,
  pull: Float32Array,
): Promise<Float32Array> {
  const { n, K } = points.network;
  const D = x.length / n;
  const fromOf = ({ network }: CompiledNetwork): Node => network.graph.input("ascent.from", [network.n, K]);
  const squares = new Float32Array(n);
  await points.forEach(
    "ascent",
    (compiled) => {
      const { output, x: at } = compiled.network;
      const change = sub(output, fromOf(compiled));
      return [sumLast(mul(change, change)), ...vjp([output], [change], [at])];
    },
    ({ compiled, start, n: count }) =>
      new Map([
        [fromOf(compiled), from.subarray(start * K, (start + count) * K)],
        [compiled.network.x, x.subarray(start * D, (start + count) * D)],
      ]),
    ([own, toInput], { start }) => {
      squares.set(own, start);
      pull.set(toInput, D * start);
    },
  );
  return squares;
}

/**
 * The largest ‖f(xᵢ + δ) − f(xᵢ)‖ over ‖δ‖ ≤ r that ascent finds, [n]: no smaller change is the largest, a larger one may be missed.
 * δ ← r Jᵀ(f(x + δ) − f(x))/‖·‖ from a random direction, and again from the opposite of the best one. Costs 9 to 25
 * gradients: an ascent ends where a step adds less than a thousandth.
 *
 * @param random  Draws around 0.
 * @source Madry et al., ICLR 2018, projected gradient on a sphere, with steps as long as its radius.
 */
export async function largestChange(
  at: CurvaturePoint,
  radius: number,
  random: () => number,
): Promise<Float64Array> {
  const { x, perExample } = at;
  const { n } = perExample.network;
  const D = x.length / n;
  const from = await outputsOf(perExample);
  const best = new Float64Array(n);
  // Images are many numbers: arrays of them are made once.
  const room = (): Float32Array => new Float32Array(x.length);
  const [delta, inputs, pull, farthest] = [room(), room(), room(), room()];
  for (let j = 0; j < inputs.length; j++) inputs[j] = random();
  bringOnSphere(inputs, D, radius, delta);
  for (let start = 0; start < 2; start++) {
    let before = 0;
    for (let step = 0; step < steps; step++) {
      await at.meter.check();
      for (let j = 0; j < x.length; j++) inputs[j] = x[j] + delta[j];
      const squares = await changeAt(perExample, inputs, from, pull);
      for (let i = 0; i < n; i++) {
        if (!(squares[i] > best[i])) continue;
        best[i] = squares[i];
        if (start === 0) farthest.set(delta.subarray(i * D, (i + 1) * D), i * D);
      }
      const total = squares.reduce((sum, one) => sum + one, 0);
      if (step >= least && total <= (1 + worthwhile) * before) break;
      before = total;
      bringOnSphere(pull, D, radius, delta);
    }
    for (let j = 0; j < delta.length; j++) delta[j] = -farthest[j];
  }
  return best.map(Math.sqrt);
}

/** Rows [n, D] brought to length r, in `out`, where a row without a direction stays as it was. */
function bringOnSphere(rows: Float32Array, D: number, radius: number, out: Float32Array): void {
  for (let first = 0; first < rows.length; first += D) {
    let square = 0;
    for (let j = first; j < first + D; j++) square += rows[j] * rows[j];
    const share = radius / Math.sqrt(square);
    if (square > 0 && Number.isFinite(share))
      for (let j = first; j < first + D; j++) out[j] = rows[j] * share;
  }
}
