// Whether a model fits into this machine's memory: said before any of it is taken.
import { totalmem } from "node:os";
import { optimizerOf } from "../../optimizers";
import { fileError } from "../../protocol/errors";
import type { Experiment } from "../../protocol/experiment";
import { memoryBytes } from "../../protocol/memory";
import { addressSpace } from "./addressSpace";

/** θ, the gradient, the gradient that an engine hands over, and the parameters as an engine holds them. */
const vectors = 4;
const bytesPerNumber = 4;
/** A single array of Node's holds no more numbers than this on any version. */
const longestVector = 2 ** 32 - 1;

/** Bytes that training of d parameters takes at the least: vectors of [d] in float32, and one for each slot of the optimizer. */
export const leastBytes = ({ optimizer }: Pick<Experiment, "optimizer">, d: number): number =>
  bytesPerNumber * d * (vectors + optimizerOf(optimizer).slots(optimizer).length);

/** What this process may take: the machine's memory, the limit that a container sets, or what is left of its address space. */
function memoryHere(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return Math.min(totalmem(), limit > 0 ? limit : Infinity, addressSpace().left);
}

/**
 * Bytes of the experiment's `memory` that training leaves for the values of a pass over the examples.
 *
 * @throws UserError naming how much memory is needed and how much there is, on this machine or by the experiment's key.
 */
export function checkRoom(experiment: Experiment, file: string, d: number, available = memoryHere()): number {
  const needed = leastBytes(experiment, d);
  const parameters = `${d.toLocaleString("en")} parameters need at least`;
  if (needed > available || d > longestVector)
    throw fileError(
      file,
      `model: its ${parameters} ${inGigabytes(needed)} of memory to train; ${inGigabytes(available)} are there`,
      "Make its layers smaller.",
    );
  const budget = memoryBytes(experiment.memory);
  if (needed > budget)
    throw fileError(
      file,
      `memory: found ${JSON.stringify(experiment.memory ?? "4GB")}, but the model's ${parameters} ${inKey(needed)} to train`,
      `Expected at least "memory": "${inKey(needed)}", better twice that, or smaller layers.`,
    );
  return budget - needed;
}

const inGigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** As the key is written, rounded up. */
const inKey = (bytes: number): string =>
  bytes < 1e9 ? `${Math.ceil(bytes / 1e6)}MB` : `${Math.ceil(bytes / 1e8) / 10}GB`;
