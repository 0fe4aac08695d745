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

// Looked up at each use: where it is switched off (`--jitless`) there is none.
const here = (): Api => {
  const api = (globalThis as unknown as { WebAssembly?: Api }).WebAssembly;
  if (!api) throw new RangeError("this Node has no WebAssembly");
  return api;
};

/** Whether an error is that of a system that does not give WebAssembly what it asks for; anything else is a mistake of ours. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof RangeError || (error instanceof Error && /^(Compile|Link)Error$/.test(error.name));

/** Why no memory is asked for any more. */
let refused: string | null = null;

/** From here on a memory is refused, for a reason in words: what it reserves of a limited address space, others would lack. */
export function refuseMemories(why: string): void {
  refused = why;
}

/** Zeros; the system gives pages when they are touched. @throws RangeError when there is not as much. */
export function newMemory(bytes: number): Memory {
  if (refused !== null) throw new RangeError(refused);
  return new (here().Memory)({ initial: Math.ceil(bytes / 65536) });
}

export const compileModule = (bytes: Uint8Array<ArrayBuffer>): Module => new (here().Module)(bytes);

/** The functions of a module on a memory. */
export const instantiate = (module: Module, memory: Memory): object =>
  new (here().Instance)(module, { basin: { memory } }).exports;
