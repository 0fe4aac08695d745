// Writes a WebAssembly module of the functions given.
import { typeCodes, unsigned } from "./encoding";
import type { Code } from "./instructions";

function encode({ locals, bytes }: Code): number[] {
  const body = [
    ...unsigned(locals.length),
    ...locals.flatMap((type) => [1, typeCodes[type]]),
    ...bytes,
    0x0b,
  ];
  return [...unsigned(body.length), ...body];
}

/** A module of functions without results that work on a memory it imports as "basin" "memory". */
export function assemble(functions: Readonly<Record<string, Code>>): Uint8Array<ArrayBuffer> {
  const list = Object.entries(functions);
  const section = (id: number, items: readonly (readonly number[])[]): number[] => {
    const body = [...unsigned(items.length), ...items.flat()];
    return [id, ...unsigned(body.length), ...body];
  };
  const text = (name: string): number[] => [...unsigned(name.length), ...new TextEncoder().encode(name)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      list.map(([, { params }]) => [
        0x60,
        ...unsigned(params),
        ...Array.from({ length: params }, () => typeCodes.i32),
        0,
      ]),
    ),
    ...section(2, [[...text("basin"), ...text("memory"), 0x02, 0x00, 1]]),
    ...section(
      3,
      list.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      list.map(([name], i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    ...section(
      10,
      list.map(([, code]) => encode(code)),
    ),
  ]);
}
