// Typed WebAssembly: what would leave a wrong value on the stack does not compile, and a small function does what it says.
import { expect, test } from "vitest";
import { assemble } from "../../../src/util/wasm/assembler";
import { compileModule, instantiate, newMemory } from "../../../src/util/wasm/instance";
import { advance, define, f32, f64, i32, loop, set, store, v128 } from "../../../src/util/wasm/instructions";

/** Each does not compile in TypeScript, and the engine refuses the bytes that would come of it. */
const wrong = {
  "a float32 for a float64": define(1, ([x], newLocal) => [
    // @ts-expect-error: as the name says.
    set(newLocal("f64"), f32.load(x)),
  ]),
  "operands of two types": define(1, ([x], newLocal) => [
    // @ts-expect-error: as the name says.
    set(newLocal("f64"), f64.add(newLocal("f64"), x)),
  ]),
  "an address that is no integer": define(1, ([x], newLocal) => [
    // @ts-expect-error: as the name says.
    store(newLocal("f64"), x),
  ]),
  "a condition that is no integer": define(1, ([x]) => [
    // @ts-expect-error: as the name says.
    loop(v128.load(x)),
  ]),
  // @ts-expect-error: as the name says.
  "a value that nobody takes": define(1, ([x]) => [f32.load(x)]),
};

test.each(Object.entries(wrong))("%s is refused", (_, code) => {
  expect(() => compileModule(assemble({ wrong: code }))).toThrow();
});

test("a loop adds doubles up", () => {
  const code = define(3, ([x, end, o], newLocal) => {
    const sum = newLocal("f64");
    return [
      loop(i32.ltU(x, end), set(sum, f64.add(sum, f64.promote(f32.load(x)))), advance(x, 4)),
      store(o, sum, 8),
    ];
  });
  const memory = newMemory(1024);
  new Float32Array(memory.buffer).set([1, 2.5, -4], 4);
  const { total } = instantiate(compileModule(assemble({ total: code })), memory) as {
    total: (from: number, end: number, to: number) => void;
  };
  total(16, 28, 64);
  expect(new Float64Array(memory.buffer)[9]).toBe(-0.5);
});
