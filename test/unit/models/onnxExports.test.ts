// What torch.onnx.export of torch 2.13 makes of common layers, in three ways of exporting: the module's own loss, gradient and Hessian, or a word that it is another network.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { viewsOf } from "../../../src/curvature/flat";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { vjp } from "../../../src/graph/differentiate";
import { losses } from "../../../src/losses";
import { initialize } from "../../../src/models";
import { importOnnx } from "../../../src/models/onnx";
import { Rng } from "../../../src/util/rng";
import { expectClose } from "../../support/numeric";

/** Made by test/fixtures/onnx_exports.py, in float64. */
interface Reference {
  readonly shape: readonly number[];
  readonly x: readonly number[];
  readonly d: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly trace: number;
  readonly frobenius: number;
}

const folder = join(__dirname, "../../fixtures/exports");
const references = JSON.parse(readFileSync(join(folder, "refs.json"), "utf8")) as Record<string, Reference>;
const files = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
const engine = onnxEngine("test", { threads: 1 });
const [n, K] = [6, 3];
/** float32 against float64 through a few layers. */
const F32 = 2e-4;

const model = (file: string) =>
  importOnnx({ bytes: readFileSync(join(folder, file)), file }, references[file.split(".")[0]].shape, K);

/** The exporter made another network of these; the notice says so. */
const changed: Readonly<Record<string, RegExp>> = {
  "bn1d.default.onnx": /folded a normalization.*optimize=False/,
  "cnn-bn.default.onnx": /folded a normalization.*optimize=False/,
  "cnn-bn.old.onnx": /folded a normalization.*TrainingMode\.PRESERVE/,
  "weightnorm.default.onnx": /folded a normalization/,
  "class-token.default.onnx": /out_proj\.bias is not in the file: it was 0/,
};
/** A weight that is computed from two others. */
const refused = ["weightnorm.old.onnx", "weightnorm.plain.onnx"];

test("every net was exported in every way", () => {
  expect(files.length).toBe(3 * Object.keys(references).length);
});

test.each(Object.keys(changed))("%s: the notice says what the exporter changed", (file) => {
  const { parameters, notices } = model(file);
  expect(notices?.join("\n")).toMatch(changed[file]);
  const d = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(d).not.toBe(references[file.split(".")[0]].d);
});

test.each(refused)("%s is refused by the name of the weight, with a way out", (file) => {
  expect(() => model(file)).toThrow(
    /\(ReduceL2\) computes a weight from 0\.parametrizations\.weight\.original1, as weight normalization does.*\n.*remove_parametrizations/,
  );
});

for (const file of files.filter((one) => !(one in changed) && !refused.includes(one)))
  test(`${file} has PyTorch's parameters, loss, gradient and Hessian; its factors are the rows of its Jacobian`, async () => {
    const wanted = references[file.split(".")[0]];
    const built = model(file);
    expect((built.notices ?? []).join("\n")).not.toMatch(/folded|not in the file/);
    const inputs = wanted.shape.reduce((a, b) => a * b, 1);
    const network = buildNetwork({ model: built, loss: losses["cross-entropy"], inputs, outputs: K }, n);
    const x = Float32Array.from(wanted.x);
    const y = Float32Array.from({ length: n * K }, (_, i) => Number(Math.floor(i / K) % K === i % K));
    const compiled = new Curvature(engine, network, { x, y });
    expect(compiled.size).toBe(wanted.d);
    const theta = new Float32Array(compiled.size);
    const views = viewsOf(
      theta,
      built.parameters.map(({ shape }) => shape),
    );
    initialize(built.parameters, new Rng(0)).forEach((values, i) => views[i].set(values));
    const curvature = compiled.at(theta);
    const { loss, gradient } = await curvature.evaluate();
    expectClose([loss, Math.hypot(...gradient)], [wanted.loss, wanted.gradNorm], F32, "loss, gradient norm");
    const hessian = curvature.hessian();
    let [trace, squares] = [0, 0];
    for (let i = 0; i < theta.length; i++) {
      const [unit, column] = [new Float32Array(theta.length), new Float32Array(theta.length)];
      unit[i] = 1;
      await hessian.apply(unit, column);
      trace += column[i];
      squares += column.reduce((sum, value) => sum + value * value, 0);
    }
    expectClose([trace, Math.sqrt(squares)], [wanted.trace, wanted.frobenius], F32 * 5, "Hessian");

    const u = network.graph.input("test.u", [n, K]);
    const row = await engine.compile(
      [network.x, network.y, ...network.parameters, u],
      vjp([network.output], [network.factor(u)], network.parameters),
    );
    const rows: number[][] = [];
    for (let i = 0; i < n * K; i++) {
      const seed = new Float32Array(n * K);
      seed[i] = 1;
      rows.push((await row.run([x, y, ...views, seed])).flatMap((part) => Array.from(part)));
    }
    const gram = rows.flatMap((a) => rows.map((b) => a.reduce((s, value, i) => s + value * b[i], 0)));
    expectClose(await curvature.gram(), gram, F32, "Gram");
  });
