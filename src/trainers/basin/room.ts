// Whether a model fits into this machine's memory: said before any of it is taken.
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { optimizerOf } from "../../optimizers";
import { fileError } from "../../protocol/errors";
import type { Experiment } from "../../protocol/experiment";

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
  return Math.min(totalmem(), limit > 0 ? limit : Infinity, addressSpaceLeft());
}

/** Bytes left under `ulimit -v`, which Linux tells; infinite where there is no limit. */
function addressSpaceLeft(): number {
  try {
    const limit = /^Max address space +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    const taken = /^VmSize:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return limit && taken ? Math.max(0, Number(limit) - 1024 * Number(taken)) : Infinity;
  } catch {
    return Infinity;
  }
}

/** @throws UserError naming how much memory is needed and how much there is. */
export function checkRoom(experiment: Experiment, file: string, d: number, available = memoryHere()): void {
  const needed = leastBytes(experiment, d);
  if (needed <= available && d <= longestVector) return;
  throw fileError(
    file,
    `model: its ${d.toLocaleString("en")} parameters need at least ${inGigabytes(needed)} of memory to train; ` +
      `${inGigabytes(available)} are there`,
    "Make its layers smaller.",
  );
}

const inGigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
