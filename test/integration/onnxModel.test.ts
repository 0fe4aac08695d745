// Networks exported by PyTorch: outputs, gradients, Hessian products and per-example factors of the imported graph.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildNetwork } from "../../src/curvature/buildNetwork";
import { Curvature } from "../../src/curvature/curvature";
import { viewsOf } from "../../src/curvature/flat";
import { onnxEngine } from "../../src/engines/onnx/engine";
import { vjp } from "../../src/graph/differentiate";
import { losses } from "../../src/losses";
import { initialize } from "../../src/models";
import { importOnnx } from "../../src/models/onnx";
import { Rng } from "../../src/util/rng";
import { expectClose } from "../support/numeric";
import { measure, python, root, temporary } from "../support/runs";

interface Peer {
  readonly shape: number[];
  readonly x: number[];
  readonly y: number[];
  readonly f: number[];
  readonly shapes: Record<string, number[]>;
  readonly gradient: Record<string, number[]>;
  readonly v: Record<string, number[]>;
  readonly hv: Record<string, number[]>;
}
interface Case {
  readonly net: string;
  readonly dynamic: boolean;
  /** Examples that it was exported for, where that is fixed. */
  readonly traced?: number;
  readonly fold: boolean;
  readonly opset: number;
}

const engine = onnxEngine("test", { threads: 1 });
const [n, K] = [4, 3];
/** float32 against float64 through a dozen layers. */
const F32 = 1e-4;

interface Exported {
  readonly peer: Peer;
  readonly file: string;
}

/** All in one process: loading torch takes longer than everything else. */
function exportAll(asks: readonly Case[]): Exported[] {
  const folder = temporary();
  const files = asks.map((_, i) => join(folder, `net${i}.onnx`));
  const { stdout, stderr, status } = spawnSync(python!, [join(root, "test/fixtures/onnx_peer.py")], {
    input: JSON.stringify(asks.map((ask, i) => ({ traced: 1, ...ask, file: files[i], n, seed: 1 }))),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  const peers = JSON.parse(stdout.slice(stdout.lastIndexOf("\n[") + 1)) as Peer[];
  return peers.map((peer, i) => ({ peer, file: files[i] }));
}

/** A factor that meets the bare input is taken for a normalization unless the experiment says that it is trained. */
const trainedOf = ({ net, fold }: Case) => (net === "view" && !fold ? { train: ["*"] } : {});

function imported(file: string, peer: Peer, trained: { readonly train?: readonly string[] } = {}) {
  const model = importOnnx({ bytes: readFileSync(file), file }, peer.shape, K, trained);
  const inputs = peer.shape.reduce((a, b) => a * b, 1);
  const network = buildNetwork({ model, loss: losses["squared-error"], inputs, outputs: K }, n);
  const [x, y] = [Float32Array.from(peer.x), Float32Array.from(peer.y)];
  const compiled = new Curvature(engine, network, { x, y });
  const theta = new Float32Array(compiled.size);
  const views = viewsOf(
    theta,
    model.parameters.map(({ shape }) => shape),
  );
  initialize(model.parameters, new Rng(0)).forEach((values, i) => views[i].set(values));
  const curvature = compiled.at(theta);
  return { model, network, curvature, views, theta, x, y };
}

const cases: Case[] = [
  { net: "mlp", dynamic: true, fold: false, opset: 13 },
  { net: "mlp", dynamic: false, fold: true, opset: 17 },
  { net: "relu, no bias", dynamic: true, fold: false, opset: 11 },
  { net: "view", dynamic: true, fold: false, opset: 13 },
  { net: "view", dynamic: false, fold: true, opset: 13 },
  { net: "lenet", dynamic: true, fold: false, opset: 13 },
  { net: "lenet", dynamic: false, fold: true, opset: 17 },
  { net: "residual", dynamic: true, fold: false, opset: 13 },
  { net: "residual", dynamic: false, fold: true, opset: 16 },
  { net: "attention", dynamic: true, fold: false, opset: 13 },
  { net: "attention", dynamic: true, fold: false, opset: 17 },
  ...[
    "prelu",
    "prelu of each",
    "leakyrelu",
    "elu",
    "hardswish",
    "batchnorm",
    "groupnorm",
    "conv1d",
    "multihead",
    "class token",
  ].flatMap((net) => [false, true].map((fold) => ({ net, dynamic: !fold, fold, opset: fold ? 14 : 16 }))),
];

describe.skipIf(!python)("a model exported by PyTorch (needs Python with torch)", () => {
  let exported: Exported[] = [];
  beforeAll(() => {
    exported = exportAll(cases);
  });

  test.each(cases)("$net, dynamic $dynamic, for $traced, folded $fold, opset $opset", async (ask) => {
    const { peer, file } = exported[cases.indexOf(ask)];
    const { model, network, curvature, views, theta, x, y } = imported(file, peer, trainedOf(ask));
    const forward = await engine.compile([network.x, ...network.parameters], [network.output]);
    const [f] = await forward.run([x, ...views]);
    expectClose(f, peer.f, F32, "outputs");

    // Folding constants turns weights over and renames them; batch normalization may be folded into the convolution.
    const named = new Map(model.parameters.map(({ name }, i) => [name, i]));
    const kept = Object.keys(peer.shapes).every((name) => named.has(name));
    if (!ask.fold) expect(new Set(named.keys())).toEqual(new Set(Object.keys(peer.shapes)));
    if (kept) {
      const { gradient } = await curvature.evaluate();
      const gradients = viewsOf(
        gradient,
        model.parameters.map(({ shape }) => shape),
      );
      const flat = (values: Record<string, number[]>) => model.parameters.flatMap(({ name }) => values[name]);
      for (const { name, shape } of model.parameters) {
        expect([...shape]).toEqual(peer.shapes[name]);
        expectClose(gradients[named.get(name)!], peer.gradient[name], F32, `gradient of ${name}`);
      }
      const hv = new Float32Array(theta.length);
      await curvature.hessian().apply(Float32Array.from(flat(peer.v)), hv);
      expectClose(hv, flat(peer.hv), 5 * F32, "Hessian product");
    } else expect(ask.fold).toBe(true);

    // Per-example factors: Gram matrix from taps against every row of the Jacobian by itself.
    const u = network.graph.input("test.u", [n, K]);
    const row = await engine.compile(
      [network.x, network.y, ...network.parameters, u],
      vjp([network.output], [network.factor(u)], network.parameters),
    );
    const rows: number[][] = [];
    for (let i = 0; i < n * K; i++) {
      const seed = new Float32Array(n * K);
      seed[i] = 1;
      const parts = await row.run([x, y, ...views, seed]);
      rows.push(parts.flatMap((part) => Array.from(part)));
    }
    const gram = rows.flatMap((a) => rows.map((b) => a.reduce((s, value, i) => s + value * b[i], 0)));
    expectClose(await curvature.gram(), gram, F32, "Gram");
  });

  test("is measured like any other: basin measure with a model by file", () => {
    const { peer, file } = exported[0];
    expect(peer.shape).toEqual([12]);
    const experiment = {
      data: { source: "teacher", inputs: 12, outputs: 3, examples: 20, testExamples: 0 },
      model: { onnx: file },
      loss: "mse",
      optimizer: { learningRate: 0.1 },
      probes: { sharpness: {}, noise: {} },
    };
    const folder = temporary();
    writeFileSync(join(folder, "note"), "");
    const { metrics } = measure(folder, experiment);
    for (const name of ["sharpness", "nonuniformity", "stability.varianceLimit", "trace"])
      expect(Number.isFinite(metrics[name]), name).toBe(true);
  });
});
