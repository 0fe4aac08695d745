// ONNX files from outside the repository, each against the value its NOTE.md gives: PyTorch's module in float64, or ONNX Runtime.
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { expectClose } from "../support/numeric";
import { measure, root, temporary } from "../support/runs";

const cases = resolve(root, "../shared/cases");
const found = existsSync(cases) ? readdirSync(cases).filter((name) => name.startsWith("onnx-")) : [];

interface Expected {
  readonly parameters?: number;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly notes?: RegExp;
}

/** From each NOTE.md; the loss of every case is ONNX Runtime's besides. */
const expected: Readonly<Partial<Record<string, Expected>>> = {
  "onnx-const_floats": {
    parameters: 27,
    metrics: { "loss.train": 1.617143, gradNorm: 2.953196, sharpness: 3.304223 },
  },
  "onnx-external-data": { parameters: 419, metrics: { "loss.train": 1.17002, sharpness: 7.512668 } },
  "onnx-gemm_alpha": { parameters: 27 },
  "onnx-matmul_const_left": { parameters: 31 },
  "onnx-shape_start_end": { metrics: { "loss.train": 1.234512, sharpness: 1.299081 } },
  "onnx-torch2-bn1d": { notes: /node_Gemm_8 carries the name of a normalization.*optimize=False/ },
  "onnx-torch2-mha": { notes: /val_69: taken for constant/ },
  "onnx-torch2-norm_in": {
    parameters: 43,
    metrics: { gradNorm: 0.502913, sharpness: 1.1534 },
    notes: /mean, std: taken for constant/,
  },
  "onnx-torch2-tied": {
    parameters: 35,
    metrics: { sharpness: 0.888127, trace: 0.754382 },
    notes: /permute is w transposed: trained as one weight/,
  },
};

interface Written {
  readonly data: object;
  readonly model: { readonly onnx: string };
}

/** Mean cross-entropy of what ONNX Runtime makes of the file's own data, in float64 from its outputs. */
async function lossByOnnxRuntime(folder: string, written: Written): Promise<number> {
  const readBytes = (path: string) => Promise.resolve(new Uint8Array(readFileSync(join(folder, path))));
  const { points } = checkExperiment(JSON.stringify(written), "a.basin.json");
  const { inputShape, train } = await loadDataset(points[0].experiment.data, {
    readBytes,
    seed: 0,
    loss: "cross-entropy",
  });
  const labels = Array.from(train.labels!);
  const session = await InferenceSession.create(join(folder, written.model.onnx), { logSeverityLevel: 3 });
  const [input] = session.inputMetadata;
  const fixed = input.isTensor ? input.shape[0] : undefined;
  // A file made for a fixed number of examples takes so many at a time, the last ones again from the first.
  const take = typeof fixed === "number" ? fixed : labels.length;
  const size = train.x.length / labels.length;
  const rows: number[][] = [];
  for (let start = 0; start < labels.length; start += take) {
    const some = Array.from({ length: take }, (_, i) => ((start + i) % labels.length) * size);
    const x = Float32Array.from(some.flatMap((at) => Array.from(train.x.subarray(at, at + size))));
    const fed = { [session.inputNames[0]]: new Tensor("float32", x, [take, ...inputShape]) };
    const { data, dims } = (await session.run(fed))[session.outputNames[0]];
    for (let i = 0; i < take; i++)
      rows.push(Array.from((data as Float32Array).subarray(i * dims[1], (i + 1) * dims[1])));
  }
  const each = labels.map(
    (label, i) => Math.log(rows[i].reduce((s, v) => s + Math.exp(v), 0)) - rows[i][label],
  );
  return each.reduce((a, b) => a + b, 0) / each.length;
}

describe.skipIf(found.length === 0)("ONNX files people brought (needs ../shared/cases)", () => {
  test.each(found)("%s", async (name) => {
    const folder = join(cases, name);
    const written = JSON.parse(readFileSync(join(folder, "case.basin.json"), "utf8")) as Written;
    const copy = temporary();
    cpSync(folder, copy, { recursive: true });
    const result = measure(copy, written);
    const { parameters, metrics = {}, notes } = expected[name] ?? {};
    expectClose([result.metrics["loss.train"]], [await lossByOnnxRuntime(folder, written)], 1e-5, "loss");
    if (parameters !== undefined) expect(result.parameters).toBe(parameters);
    for (const [metric, value] of Object.entries(metrics))
      expectClose([result.metrics[metric]], [value], 1e-5, metric);
    if (notes) expect(result.notes.join("\n")).toMatch(notes);
  });
});
