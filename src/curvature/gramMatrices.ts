// Inner products of the factors at one θ: the blocks GᵢᵀGᵢ of every example, and the whole Gram matrix.
import type { Compiled } from "../engines/engine";
import type { ChunkPoints } from "./chunks";
import { passesOf, signalsOf, signalsOfAll, tapGroups } from "./factors";
import { signalFeeds, type TapSignal } from "./gram";
import { factorCoordinates, pushFactors } from "./factorOperators";
import type { AtPoint } from "./lossOperators";
import type { Meter } from "./meter";
import type { Network } from "./network";
import { axpy, dot } from "../util/linalg/vector";

/** Compiles, once, what multiplies the signals of a group of taps over n examples. */
export type SignalFunctions = (
  what: "gram" | "blocks",
  n: number,
  group: readonly number[],
  signals: readonly TapSignal[],
) => Promise<Compiled>;

/** GᵢᵀGᵢ, [n, K, K], of signals of all taps that are there. Costs 2 n K² width flops a tap. */
export async function storedKernelBlocks(
  signals: readonly TapSignal[],
  { n }: Pick<Network, "n">,
  functions: SignalFunctions,
): Promise<Float32Array> {
  const all = await functions("blocks", n, [...signals.keys()], signals);
  return (await all.run(signalFeeds(signals)))[0];
}

/** The same chunk by chunk and tap by tap, keeping none. Costs K back-propagations besides. */
export async function kernelBlocks(
  examples: ChunkPoints,
  meter: Meter,
  functions: SignalFunctions,
): Promise<Float32Array> {
  const { n, K } = examples.network;
  const blocks = new Float32Array(n * K * K);
  for (const chunk of examples.list) {
    const own = blocks.subarray(chunk.start * K * K, (chunk.start + chunk.n) * K * K);
    for (const group of passesOf(chunk.compiled.network).groups) {
      const signals = await signalsOf(chunk, group, meter);
      const f = await functions("blocks", chunk.n, group, signals);
      axpy(1, (await f.run(signalFeeds(signals)))[0], own);
    }
    if (examples.list.length > 1) chunk.point.forget();
  }
  return blocks;
}

/** One unit of data space after another: its factor column G e/n [P], which is good until the next. Costs half a product a row. */
async function eachColumn(
  at: AtPoint,
  take: (column: Float32Array, row: number) => void | Promise<void>,
): Promise<void> {
  const { n, K } = at.fullBatch.network;
  const unit = new Float32Array(n * K);
  const column = new Float32Array(at.size);
  for (let row = 0; row < n * K; row++) {
    unit[row] = 1;
    await pushFactors(at, unit, column);
    unit[row] = 0;
    await take(column, row);
  }
}

/** As `kernelBlocks` where batch statistics tie the examples together, so that no example goes through the network alone. nK/2 products. */
export async function tiedKernelBlocks(at: AtPoint): Promise<Float32Array> {
  const { n, K } = at.fullBatch.network;
  const blocks = new Float32Array(n * K * K);
  const own = Array.from({ length: K }, () => new Float32Array(at.size));
  await eachColumn(at, (column, row) => {
    const k = row % K;
    own[k].set(column);
    const first = row - k;
    for (let m = 0; m <= k; m++) {
      blocks[row * K + m] = blocks[(first + m) * K + k] = n * n * dot(own[k], own[m]);
    }
  });
  return blocks;
}

/** As `gramMatrix` where batch statistics tie the examples together. nK products. */
export async function tiedGramMatrix(at: AtPoint): Promise<Float32Array> {
  const { n, K } = at.fullBatch.network;
  const rows = n * K;
  const gram = new Float32Array(rows * rows);
  await eachColumn(at, async (column, row) => {
    const products = await factorCoordinates(at, column);
    for (let i = 0; i < rows; i++) gram[row * rows + i] = n * products[i];
  });
  return gram;
}

/**
 * GᵀG, [nK, nK], index (i, k) ↦ iK + k. Memory 4(nK)² bytes, and as much again per tap.
 * @param stored      The signals of all taps, where they are kept.
 * @source theory.md, section 2.
 */
export async function gramMatrix(
  examples: ChunkPoints,
  meter: Meter,
  {
    stored,
    functions,
  }: { readonly stored: readonly TapSignal[] | null; readonly functions: SignalFunctions },
): Promise<Float32Array> {
  let total: Float32Array | null = null;
  for (const group of tapGroups(examples.network)) {
    const signals = stored ? group.map((l) => stored[l]) : await signalsOfAll(examples, group, meter);
    const f = await functions("gram", examples.network.n, group, signals);
    const [part] = await f.run(signalFeeds(signals));
    if (total === null) total = part;
    else axpy(1, part, total);
  }
  return total!;
}
