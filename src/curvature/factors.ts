// The factors Gᵢ = JᵢᵀSᵢ as graph nodes: Gᵀv, Gc, and what every layer contributes to their inner products.
import { jvp, vjp } from "../graph/differentiate";
import { sizeOf, type Node } from "../graph/node";
import { mul } from "../graph/ops";
import type { Chunk, ChunkPoints } from "./chunks";
import type { TapSignal } from "./gram";
import type { Network } from "./network";
import type { CompiledNetwork } from "./compiledNetwork";
import type { Meter } from "./meter";

/** c = Gᵀv as [n, K]: cᵢ = SᵢᵀJᵢv, at the placeholders `compiled.v`. */
export function pulled({ network: { output, parameters, graph, factor }, v }: CompiledNetwork): Node {
  const [jv] = jvp([output], parameters, v);
  const u = graph.input("factor.u", output.shape);
  return vjp([factor(u)], [jv], [u])[0];
}

/** (1/n) G c for c [n, K]: (1/n) Σ Jᵢᵀ Sᵢ cᵢ, one node per parameter. */
export const pushed = ({ network: { output, parameters, factor, n } }: CompiledNetwork, c: Node): Node[] =>
  vjp([output], [mul(factor(c), 1 / n)], parameters);

/** Dense layers together in one pass; the others, which write per-example gradients down, one at a time. */
export function tapGroups({ taps }: Network): number[][] {
  const all = taps.map((_, l) => l);
  const dense = all.filter((l) => taps[l].dense);
  return [...(dense.length > 0 ? [dense] : []), ...all.filter((l) => !taps[l].dense).map((l) => [l])];
}

/** Bytes of one example's factor columns over all taps up to which they are computed in one pass. */
const onePassBytes = 8 * 2 ** 20;

/** Numbers in one factor column of an example that each tap contributes. */
export const widthsOf = ({ graph, taps, n }: Network): number[] =>
  graph.aside(() =>
    taps.map((tap) => sizeOf((tap.dense ? tap.output : tap.perExample(tap.output)).shape) / n),
  );

/** Taps that are computed together where every example is done by itself, and the numbers a column then has at most. */
export function passesOf(network: Network): { readonly groups: number[][]; readonly width: number } {
  const widths = widthsOf(network);
  const sum = (group: readonly number[]): number => group.reduce((total, l) => total + widths[l], 0);
  const all = network.taps.map((_, l) => l);
  const groups = 4 * network.K * sum(all) <= onePassBytes ? [all] : tapGroups(network);
  return { groups, width: Math.max(...groups.map(sum)) };
}

/** What the taps `wanted` contribute to every factor column of a chunk; 4 nK · width bytes a tap. Costs K back-propagations. */
export async function signalsOf(
  { compiled, point, n }: Chunk,
  wanted: readonly number[],
  meter: Pick<Meter, "check">,
): Promise<TapSignal[]> {
  const { graph, output, factor, taps, K } = compiled.network;
  const chosen = wanted.map((l) => taps[l]);
  const u = graph.input("signal.u", [n, K]);
  const build = (): Node[] => {
    const deltas = vjp(
      [output],
      [factor(u)],
      chosen.map((tap) => tap.output),
    );
    return chosen.map((tap, l) => (tap.dense ? deltas[l] : tap.perExample(deltas[l])));
  };
  const f = await compiled.function(`signals ${wanted.join()}`, build, [u]);
  const rows: Float32Array[] = [];
  const seed = new Float32Array(n * K);
  for (let k = 0; k < K; k++) {
    await meter.check();
    for (let i = 0; i < n; i++) for (let j = 0; j < K; j++) seed[i * K + j] = j === k ? 1 : 0;
    (await f.run(point, new Map([[u, seed]]))).forEach((values, l) => {
      const width = values.length / n;
      rows[l] ??= new Float32Array(n * K * width);
      for (let i = 0; i < n; i++)
        rows[l].set(values.subarray(i * width, (i + 1) * width), (i * K + k) * width);
    });
  }
  const dense = chosen.flatMap((tap) => (tap.dense ? [tap.dense.input] : []));
  const inputs =
    dense.length > 0
      ? await (await compiled.function(`activations ${wanted.join()}`, () => dense, [])).run(point, new Map())
      : [];
  let next = 0;
  return chosen.map((tap, l) => ({
    rows: rows[l],
    width: rows[l].length / (n * K),
    ...(tap.dense ? { dense: { input: inputs[next++], bias: tap.dense.bias } } : {}),
  }));
}

/** The same of all examples, whatever their chunks. */
export async function signalsOfAll(
  { network: { n, K }, list }: ChunkPoints,
  wanted: readonly number[],
  meter: Pick<Meter, "check">,
): Promise<TapSignal[]> {
  if (list.length === 1) return signalsOf(list[0], wanted, meter);
  const all: TapSignal[] = [];
  for (const chunk of list) {
    (await signalsOf(chunk, wanted, meter)).forEach(({ rows, width, dense }, l) => {
      const features = dense ? dense.input.length / chunk.n : 0;
      all[l] ??= {
        rows: new Float32Array(n * K * width),
        width,
        ...(dense && { dense: { input: new Float32Array(n * features), bias: dense.bias } }),
      };
      all[l].rows.set(rows, chunk.start * K * width);
      if (dense) all[l].dense!.input.set(dense.input, chunk.start * features);
    });
    chunk.point.forget();
  }
  return all;
}
