// The proof of an engine: a right one passes, and each way of being wrong is refused with what was off, in this process and in one apart.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Compiled, Engine } from "../../../src/engines/engine";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { backends, native } from "../../../src/engines/onnx/native";
import { gpuEngine, gpuNames, gpus } from "../../../src/engines/onnx/providers";
import { sessionEngine } from "../../../src/engines/onnx/session";
import { wasm } from "../../../src/engines/onnx/wasm";
import { allowed, prove } from "../../../src/engines/proof";
import { hasOp, reachable, type Node } from "../../../src/graph/node";
import { ops } from "../../../src/graph/ops";
import { matmulOp } from "../../../src/graph/ops/matmul";
import { proofApart } from "../../../src/trainers/basin/proofApart";

const right = onnxEngine(undefined, { threads: 1 });

/** Every output of `run` goes through `change`. */
const changed = (change: (values: Float32Array, node: Node) => void): Engine =>
  wrapped((compiled, outputs) => ({
    run: async (feeds, into) => {
      const results = await compiled.run(feeds, into);
      results.forEach((values, i) => change(values, outputs[i]));
      return results;
    },
  }));

const wrapped = (make: (compiled: Compiled, outputs: readonly Node[]) => Pick<Compiled, "run">): Engine => ({
  ...right,
  compile: async (inputs, outputs) => {
    const compiled = await right.compile(inputs, outputs);
    return { ...make(compiled, outputs), dispose: () => compiled.dispose() };
  },
});

/** Rounds to a mantissa of `bits` bits, the leading one not counted. */
function rounded(values: Float32Array, bits: number): Float32Array {
  return values.map((value) => {
    if (value === 0) return 0;
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - bits);
    return Math.round(value / unit) * unit;
  });
}

test("the op registry, larger sizes and a network are all computed: more checks than ops, each told before it begins", async () => {
  const begun: string[] = [];
  const { checks, error } = await prove(right, right, (what) => begun.push(what));
  expect(error).toBe(0);
  expect(begun).toEqual([...ops.map(({ name }) => name), "larger sizes", "convolutional network"]);
  expect(checks).toBeGreaterThan(2 * ops.length);
});

test.each([
  ["ONNX Runtime in WebAssembly", sessionEngine(wasm)],
  ["the native one with the operators that GPUs have", sessionEngine({ ...native, portable: true })],
  ["the native one that copies outputs", sessionEngine({ ...native, writesInto: false })],
])("%s, which computes rightly, passes far within what is allowed", async (_name, engine) => {
  const { error, what } = await prove(engine, right);
  expect(error, what).toBeLessThan(allowed / 5);
});

describe("an engine is refused", () => {
  test.each([
    ["float16, 11 bits", 10],
    ["bfloat16, 8 bits", 7],
  ])("whose results have %s", async (_name, bits) => {
    const engine = changed((values) => values.set(rounded(values, bits)));
    await expect(prove(engine, right)).rejects.toThrow(/is off by \d\.\de-[234] of its largest number/);
  });

  test("that multiplies matrices in TF32: what it is given is rounded to 11 bits, sums are not", async () => {
    const engine = wrapped((compiled, outputs) => ({
      run: (feeds, into) => {
        const products = reachable(outputs).some((node) => hasOp(node, matmulOp));
        return compiled.run(products ? feeds.map((values) => rounded(values, 10)) : feeds, into);
      },
    }));
    await expect(prove(engine, right)).rejects.toThrow(
      /^matmul, sample 1, .* is off by \d\.\de-[34] of its largest number/,
    );
  });

  test("with one wrong number of one op, and the op is named", async () => {
    const engine = changed((values, { op }) => {
      if (op.name === "erf") values[values.length - 1] *= 1.001;
    });
    await expect(prove(engine, right)).rejects.toThrow(
      /^erf, sample 1, value is off by \d\.\de-[34] of its largest number/,
    );
  });

  test("that is right for small graphs alone", async () => {
    const engine = changed((values) => {
      if (values.length > 5000) values[0] += 1;
    });
    await expect(prove(engine, right)).rejects.toThrow(/^larger sizes, .* is off by/);
  });

  test.each([NaN, Infinity, -Infinity])("that gives %s", async (value) => {
    const engine = changed((values, { op }) => {
      if (op.name === "softmax") values[0] = value;
    });
    await expect(prove(engine, right)).rejects.toThrow("softmax, sample 1, value is not a number");
  });

  test("that leaves the arrays given for its outputs as they were", async () => {
    const engine = wrapped((compiled) => ({ run: (feeds) => compiled.run(feeds) }));
    await expect(prove(engine, right)).rejects.toThrow("add, sample 1, value is not a number");
  });

  test("that keeps an input of the first call", async () => {
    const engine = wrapped((compiled) => {
      let first: Float32Array[] | undefined;
      return {
        run: (feeds, into) => compiled.run((first ??= feeds.map((values) => values.slice())), into),
      };
    });
    await expect(prove(engine, right)).rejects.toThrow(/^add, sample 1, value is off by/);
  });

  test("that fails at an op, when it compiles and when it runs", async () => {
    const failing = (at: string): Engine => ({
      ...right,
      compile: (inputs, outputs) =>
        outputs.some(({ op }) => op.name === at)
          ? Promise.reject(new Error("unknown operator"))
          : right.compile(inputs, outputs),
    });
    await expect(prove(failing("windowMax"), right)).rejects.toThrow("windowMax fails: unknown operator");
    const running = wrapped((compiled, outputs) => ({
      run: (feeds, into) =>
        outputs.some(({ op }) => op.name === "exp")
          ? Promise.reject(new Error("device lost"))
          : compiled.run(feeds, into),
    }));
    await expect(prove(running, right)).rejects.toThrow("exp fails: device lost");
  });
});

describe("in a process apart", () => {
  const folder = mkdtempSync(join(tmpdir(), "basin-proof-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  /** A process in the place of the run process. */
  const apart = (name: string, code: string, milliseconds = 20_000) => {
    const script = join(folder, `${name}.js`);
    writeFileSync(script, code);
    return proofApart(milliseconds, script)("webgpu", 3);
  };
  const begins = (what: string) => `process.stdout.write(${JSON.stringify(`{"begin":"${what}"}\n`)});`;

  test("it is asked for the engine with its threads, and its last word counts, whatever a driver prints", async () => {
    const proof = { checks: 7, error: 1e-7, what: "conv" };
    const code = `
      ${begins("opening")}
      console.log("Warning: driver"); console.log("null"); console.log("{ half");
      const [name, threads] = process.argv.slice(3);
      const checks = process.argv[2] === "prove" && name === "webgpu" ? Number(threads) + 4 : 0;
      console.log(JSON.stringify({ proof: { checks, error: 1e-7, what: "conv" } }));
      console.log('{"driver":"unloaded"}'); console.log("[1]");`;
    await expect(apart("passes", code)).resolves.toEqual(proof);
  });

  test("why it is refused comes back", async () => {
    const code = `console.log(JSON.stringify({ refused: "conv is off by 0.5" }));`;
    await expect(apart("refuses", code)).rejects.toThrow("conv is off by 0.5");
  });

  test("a crash is an error that says at what", async () => {
    const crash = `${begins("conv")} setTimeout(() => process.kill(process.pid, "SIGSEGV"), 50);`;
    await expect(apart("crashes", crash)).rejects.toThrow(
      process.platform === "win32"
        ? /that tried it ended/
        : /^the process that tried it ended \(SIGSEGV\), at conv$/,
    );
    await expect(apart("leaves", "process.exit(3);")).rejects.toThrow(/\(exit status 3\)$/);
  });

  test.each([
    ["waits for ever", "setInterval(() => undefined, 1000);"],
    ["never comes back", "for (;;);"],
  ])("a driver that %s is ended after a while", async (name, code) => {
    await expect(apart(name, `${begins("matmul")} ${code}`, 1500)).rejects.toThrow(
      /^it did not answer within 1.5 seconds, at matmul$/,
    );
  });
});

test.each(gpuNames)(
  "%s is refused at once where this build lacks it: ONNX Runtime would compute on the processor without a word",
  async (name) => {
    const { provider, through } = gpus[name];
    if (backends().includes(provider.name)) {
      expect((await gpuEngine(name)).name).toBe(name);
      // CUDA's libraries multiply float32 numbers in TF32 unless this says no.
      if (name === "cuda") expect(process.env.NVIDIA_TF32_OVERRIDE).toBe("0");
    } else
      await expect(gpuEngine(name)).rejects.toThrow(
        `ONNX Runtime for ${process.platform}-${process.arch} comes without ${through}`,
      );
  },
);
