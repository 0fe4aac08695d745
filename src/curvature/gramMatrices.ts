// Inner products of the factors at one θ: the blocks GᵢᵀGᵢ of every example, and the whole Gram matrix.
import type { Compiled } from "../engines/engine";
import type { ChunkPoints } from "./chunks";
import { joinSignals, passesOf, signalsOf, tapGroups } from "./factors";
import { addKernelBlocks, gramFeeds, type TapSignal } from "./gram";
import type { Meter } from "./meter";

/** GᵢᵀGᵢ, [n, K, K], chunk by chunk and tap by tap. Costs K back-propagations and n K² width flops a tap. */
export async function kernelBlocks(examples: ChunkPoints, meter: Meter): Promise<Float32Array> {
  const { n, K } = examples.network;
  const blocks = new Float32Array(n * K * K);
  for (const chunk of examples.list) {
    const own = blocks.subarray(chunk.start * K * K, (chunk.start + chunk.n) * K * K);
    for (const group of passesOf(chunk.compiled.network).groups)
      for (const signal of await signalsOf(chunk, group, meter)) {
        await meter.check();
        addKernelBlocks(own, signal, { n: chunk.n, K });
      }
    if (examples.list.length > 1) chunk.point.forget();
  }
  return blocks;
}

/**
 * GᵀG, [nK, nK], index (i, k) ↦ iK + k. Memory 4(nK)² bytes, and as much again per tap.
 * @param functionOf  Compiles what multiplies the signals of a group of taps, once.
 * @source theory.md, section 2.
 */
export async function gramMatrix(
  examples: ChunkPoints,
  meter: Meter,
  functionOf: (group: readonly number[], signals: readonly TapSignal[]) => Promise<Compiled>,
): Promise<Float32Array> {
  let total: Float32Array | null = null;
  for (const group of tapGroups(examples.network)) {
    const parts: TapSignal[][] = [];
    for (const chunk of examples.list) {
      parts.push(await signalsOf(chunk, group, meter));
      if (examples.list.length > 1) chunk.point.forget();
    }
    const signals = joinSignals(parts);
    const [part] = await (await functionOf(group, signals)).run(gramFeeds(signals));
    if (total === null) total = part;
    else for (let i = 0; i < total.length; i++) total[i] += part[i];
  }
  return total!;
}
