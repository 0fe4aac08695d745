// What every engine keeps to beyond the ops: outputs into given arrays, many calls, float64 products, errors that say what to do.
import { afterEach, describe, expect, test } from "vitest";
import manifest from "../../../package.json";
import { EngineMissing, inspectEngines, openEngine, openGemm } from "../../../src/engines";
import { isSmall, kernelEngine, withKernels } from "../../../src/engines/kernels/engine";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { backends } from "../../../src/engines/onnx/native";
import { gpuNames, gpus } from "../../../src/engines/onnx/providers";
import { sessionEngine } from "../../../src/engines/onnx/session";
import { wasm } from "../../../src/engines/onnx/wasm";
import { tensorflowEngine } from "../../../src/engines/tensorflow/engine";
import { Graph } from "../../../src/graph/node";
import { conv, dot, matmul, neg, sum, transpose } from "../../../src/graph/ops";
import { processKeys } from "../../../src/kinds/frame";
import { jsBatched, jsGemm } from "../../../src/util/linalg/jsGemm";
import { Rng } from "../../../src/util/rng";
import { expectClose, tf } from "../../support/numeric";

const engines = [
  onnxEngine(undefined, { threads: 1 }),
  sessionEngine(wasm),
  tensorflowEngine({ tf, version: "test" }),
  kernelEngine,
];

interface Choice {
  readonly enum: readonly string[];
  readonly enumDescriptions: readonly string[];
}

/** A machine without a GPU, whatever this one has. */
const noGpu = () => Promise.reject(new Error("no adapter"));

afterEach(() => {
  delete process.env.BASIN_ENGINE;
});

describe.each(engines.map((engine) => ({ name: engine.name, engine })))("$name", ({ engine }) => {
  test("an output goes into the array given for it, call after call, and the others into new ones", async () => {
    const graph = new Graph();
    const [x, y] = [graph.input("x", [3]), graph.input("y", [3])];
    const f = await engine.compile([x, y], [dot(x, y), x, y]);
    const into = new Float32Array(1);
    const [a, b] = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)];
    const first = await f.run([a, b], [into]);
    expect(first[0]).toBe(into);
    expect([...into]).toEqual([32]);
    expect([...first[2]]).toEqual([4, 5, 6]);
    // The same array with other values: an engine that had kept its first contents would not see them.
    a.set([7, 8, 9]);
    const second = await f.run([a, b], [into]);
    expect([...into]).toEqual([7 * 4 + 8 * 5 + 9 * 6]);
    expect([...second[1]]).toEqual([7, 8, 9]);
    expect([...first[2]]).toEqual([4, 5, 6]);
    await f.dispose();
  });

  // A staged graph asks for such nodes: an attention's turned input is needed again for the gradient of its weight.
  test.each([0, 1, 2])(
    "what a product with a turned matrix reads may be an output as well (%i)",
    async (more) => {
      const graph = new Graph();
      const [x, w] = [graph.input("x", [2, 2]), graph.input("w", [2, 2])];
      const read = neg(x);
      const product = matmul(read, transpose(w, [1, 0]));
      const outputs = [read, neg(product), product, read].slice(0, 2 + more);
      const f = await engine.compile([x, w], outputs);
      const results = await f.run([Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 0, 5, 1)]);
      const [a, b] = [
        [-1, -2, -3, -4],
        [-1, -7, -3, -19],
      ];
      expect(results.map((one) => [...one])).toEqual([a, b.map((v) => -v), b, a].slice(0, 2 + more));
      await f.dispose();
    },
  );
});

test("a graph is small while its products and sums cost less than a call of a runtime, and only where every op has a kernel", () => {
  const graph = new Graph();
  const square = (n: number) => [graph.input(`a${n}`, [n, n]), graph.input(`b${n}`, [n, n])] as const;
  const small = [10, 50, 100, 1000].map((n) => isSmall(square(n), [matmul(...square(n), { tb: true })]));
  expect(small).toEqual([true, true, false, false]);
  const [x, w] = [graph.input("x", [1, 1, 4, 4]), graph.input("w", [1, 1, 2, 2])];
  const image = conv(x, w, { stride: 1, padding: 0, groups: 1 });
  expect(isSmall([x, w], [image])).toBe(false);
  // What lies below an input is not computed.
  const row = sum(matmul(...square(1000)), [0]);
  expect(isSmall([...square(1000)], [dot(row, row)])).toBe(false);
  expect(isSmall([row], [dot(row, row)])).toBe(true);
});

test('"auto" computes small graphs in kernels and hands large ones on; an engine asked for by name computes them itself', async () => {
  const graph = new Graph();
  const compiled: string[] = [];
  const counted = withKernels({
    name: "counted",
    version: "1",
    compile: (inputs, outputs) => {
      compiled.push(outputs[0].op.name);
      return kernelEngine.compile(inputs, outputs);
    },
  });
  const [a, b] = [graph.input("a", [100, 100]), graph.input("b", [100, 100])];
  await counted.compile([a], [sum(a)]);
  await counted.compile([a, b], [matmul(a, b)]);
  expect(compiled).toEqual(["matmul"]);
  expect((await openEngine("auto")).version).toMatch(/ \+ kernels$/);
  expect((await openEngine("onnx")).version).not.toMatch(/kernels/);
});

test.each(["onnx", "wasm", "tensorflow"])(
  "the float64 product beside %s equals plain loops in every transposition",
  async (name) => {
    const gemm = await openGemm({ name });
    const rng = new Rng(3, "gemm");
    // Larger than what plain loops do themselves.
    const [m, n, k] = [37, 25, 31];
    const draw = (size: number) => Float64Array.from({ length: size }, () => rng.normal());
    const [a, b] = [draw(m * k), draw(k * n)];
    for (const ta of [false, true])
      for (const tb of [false, true])
        expectClose(
          await gemm(a, b, { m, n, k, transposeA: ta, transposeB: tb }),
          await jsGemm(a, b, { m, n, k, transposeA: ta, transposeB: tb }),
          1e-14,
          `${ta} ${tb}`,
        );
  },
);

test.each(["onnx", "wasm"])(
  "products side by side beside %s are those one after the other, and land where they are wanted",
  async (name) => {
    const gemm = await openGemm({ name });
    const rng = new Rng(4, "gemm");
    const [batch, m, n, k] = [50, 7, 9, 11];
    const draw = (size: number) => Float64Array.from({ length: size }, () => rng.normal());
    const [a, b] = [draw(batch * m * k), draw(batch * k * n)];
    for (const transposeB of [false, true]) {
      const wanted = new Float64Array(batch * m * n);
      for (let i = 0; i < batch; i++) {
        const [own, other] = [a.subarray(i * m * k), b.subarray(i * k * n)];
        wanted.set(await jsGemm(own, other, { m, n, k, transposeB }), i * m * n);
      }
      for (const way of [gemm.batched!, jsBatched]) {
        const into = draw(batch * m * n);
        expect(await way(a, b, { batch, m, n, k, transposeB, into })).toBe(into);
        expectClose(into, wanted, 1e-14, `${transposeB}`);
        expectClose(await way(a, b, { batch, m, n, k, transposeB }), wanted, 1e-14, `${transposeB}`);
      }
    }
  },
);

test('"auto" is native ONNX Runtime, or what BASIN_ENGINE names', async () => {
  expect((await openEngine("auto")).name).toBe("onnx");
  process.env.BASIN_ENGINE = "wasm";
  expect((await openEngine("auto")).name).toBe("wasm");
  // An engine the experiment names is not overridden.
  expect((await openEngine("onnx")).name).toBe("onnx");
  process.env.BASIN_ENGINE = "gpu";
  await expect(openEngine("auto")).rejects.toThrow(
    'BASIN_ENGINE is "gpu"; expected auto, onnx, wasm, tensorflow, webgpu, cuda, coreml, directml',
  );
});

test("every engine is reported: exactly one is what auto takes, an absent one says why and what to do", async () => {
  const reports = await inspectEngines({ prove: noGpu });
  expect(reports.map(({ name }) => name)).toEqual(["onnx", "wasm", "tensorflow", ...gpuNames]);
  expect(reports.filter(({ auto }) => auto).map(({ name }) => name)).toEqual(["onnx"]);
  for (const { name, available, version, reason, hint } of reports) {
    const why = `${reason}. ${hint}`;
    if (available) expect(version).toMatch(/^\d+\.\d+\.\d+/);
    else if (name === "tensorflow") expect(why).toMatch(/tfjs-node.*basin fetch tensorflow/s);
    else expect(why).toMatch(/(comes without |no adapter)\S*.*needs .*"auto" computes on the processor/s);
  }
});

test("an experiment's key and the editor's setting name the engines of the registry, each with its words", async () => {
  const names = (await inspectEngines({ prove: noGpu })).map(({ name }) => name);
  const setting = manifest.contributes.configuration.properties["basin.engine"];
  for (const { enum: choices, enumDescriptions } of [processKeys.engine as Choice, setting]) {
    expect(choices).toEqual(["auto", ...names]);
    expect(new Set(enumDescriptions).size).toBe(names.length + 1);
  }
});

test("a GPU's engine opens only after its proof, of which its note tells, and is never what auto takes", async () => {
  const asked: unknown[] = [];
  const options = {
    threads: 2,
    prove: (...given: unknown[]) => {
      asked.push(given);
      return Promise.resolve({ checks: 200, error: 1.23e-6, what: "conv, sample 1, value" });
    },
  };
  for (const name of gpuNames) {
    const offered = backends().includes(gpus[name].provider.name);
    const opened = openEngine(name, options);
    const refused = openEngine(name, { prove: noGpu });
    const why: unknown = await refused.catch((thrown: unknown) => thrown);
    expect(why).toBeInstanceOf(EngineMissing);
    expect((why as EngineMissing).message).toMatch(
      offered
        ? `the engine "${name}" does not load here: no adapter`
        : `the engine "${name}" does not load here: ONNX Runtime for `,
    );
    if (!offered) {
      await expect(opened).rejects.toThrow(" comes without ");
      continue;
    }
    const engine = await opened;
    expect(asked.pop()).toEqual([name, 2]);
    expect(engine.name).toBe(name);
    expect(engine.version).toMatch(/^[\d.]+$/);
    expect(engine.notes![0]).toContain("in 200 checks is 1.2e-6, at conv, sample 1, value");
  }
  expect(asked).toEqual([]);
  await openEngine("auto", options);
  expect(asked).toEqual([]);
});

test.skipIf((await inspectEngines({ prove: noGpu }))[2].available)(
  "an engine that is not there is a mistake with a hint, not a bug",
  async () => {
    const error: unknown = await openEngine("tensorflow").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineMissing);
    expect((error as EngineMissing).message).toMatch(/engine "tensorflow" does not load here: /);
    expect((error as EngineMissing).hint).toMatch(/basin fetch tensorflow.*basin doctor/s);
  },
);
