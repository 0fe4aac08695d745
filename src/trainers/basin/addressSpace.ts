// What `ulimit -v` leaves of the address space, and doing without WebAssembly where that is little.
import { readFileSync } from "node:fs";
import { refuseMemories } from "../../util/wasm/instance";

/** `limit` and what is `left` of it, in bytes, as Linux tells them; infinite where there is no limit. */
export function addressSpace(): { readonly limit: number; readonly left: number } {
  try {
    const limit = /^Max address space +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    const taken = /^VmSize:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (limit && taken)
      return { limit: Number(limit), left: Math.max(0, Number(limit) - 1024 * Number(taken)) };
  } catch {
    // Not Linux: no limit that anybody tells of.
  }
  return { limit: Infinity, left: Infinity };
}

/** V8 reserves 10 GiB for every memory, however small, and each compiled graph has one: below this they would take what an engine's threads need. */
const plenty = 2 ** 40;

/**
 * Before anything is compiled: whether a memory is to be had must not depend on how many there are already, or a run would die of
 * threads that cannot start, and a resume would round differently.
 */
export function spareAddressSpace({ limit } = addressSpace()): void {
  if (limit < plenty)
    refuseMemories(
      `the limit on the address space, ${(limit / 2 ** 30).toFixed(1)} GiB, is too low for WebAssembly, which reserves 10 GiB a memory`,
    );
}
