// Node's WebAssembly, typed as far as it is used: the language's own types come only with those of a browser.

/** Memory of a fixed size; its buffer is never replaced. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}

export type Module = object;

interface Api {
  readonly Memory: new (limits: { readonly initial: number }) => Memory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  readonly Instance: new (module: Module, imports: object) => { readonly exports: object };
}

const api = (globalThis as unknown as { WebAssembly: Api }).WebAssembly;

/** Whether there is WebAssembly here, and address space for it: each memory reserves gigabytes, which a limit may forbid. */
export function hasWebAssembly(): boolean {
  try {
    newMemory(1);
    return true;
  } catch {
    return false;
  }
}

/** Zeros; the system gives pages when they are touched. @throws RangeError when there is not as much. */
export const newMemory = (bytes: number): Memory => new api.Memory({ initial: Math.ceil(bytes / 65536) });

export const compileModule = (bytes: Uint8Array<ArrayBuffer>): Module => new api.Module(bytes);

/** The functions of a module on a memory. */
export const instantiate = (module: Module, memory: Memory): object =>
  new api.Instance(module, { basin: { memory } }).exports;
