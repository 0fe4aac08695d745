// Full-batch gradient and staged Hessian product of a tanh 3072-200-200-10 net with 1000 examples, beside PyTorch.
import { buildNetwork } from "../src/curvature/buildNetwork";
import { Curvature } from "../src/curvature/curvature";
import { viewsOf } from "../src/curvature/flat";
import { onnxEngine } from "../src/engines/onnx/engine";
import { onnxVersion } from "../src/engines/onnx/version";
import { grad } from "../src/graph/differentiate";
import { losses } from "../src/losses";
import { buildModel, initialize } from "../src/models";
import { Rng } from "../src/util/rng";
import { alternate, machine, Peer, timed } from "./harness";

const threads = 2;
const [n, widths] = [1000, [3072, 200, 200, 10]];

async function main(): Promise<void> {
  const rng = new Rng(0, "bench");
  const normal = (size: number) => Float32Array.from({ length: size }, () => rng.normal());
  const model = buildModel(
    { kind: "mlp", hidden: widths.slice(1, -1), activation: "tanh", bias: true },
    [widths[0]],
    widths[3],
  );
  const shapes = model.parameters.map((p) => p.shape);
  const engine = onnxEngine(onnxVersion(), { threads });
  const network = buildNetwork({ model, loss: losses.mse, inputs: widths[0], outputs: widths[3] }, n);
  const [x, y] = [normal(n * widths[0]), normal(n * widths[3])];
  const curvature = new Curvature(engine, network, x, y);
  const theta = new Float32Array(curvature.size);
  initialize(model.parameters, rng).forEach((v, i) => viewsOf(theta, shapes)[i].set(v));
  curvature.setPoint(theta);
  const compiled = await engine.compile(
    [network.x, network.y, ...network.parameters],
    [network.loss, ...grad(network.loss, network.parameters)],
  );
  const gradient = new Float32Array(curvature.size);
  const [feeds, into] = [
    [x, y, ...viewsOf(theta, shapes)],
    [new Float32Array(1), ...viewsOf(gradient, shapes)],
  ];
  const hessian = curvature.hessian();
  const [v, hv] = [normal(curvature.size), new Float32Array(curvature.size)];

  const opened = await Peer.open({ widths, activation: "tanh", n, threads });
  const peer = opened?.peer;
  const ask = (what: string) =>
    peer ? async () => (await peer.ask<{ seconds: number }>({ do: what })).seconds : null;
  const rows = [
    [
      "full-batch gradient",
      await alternate(() => timed(() => compiled.run(feeds, into)), ask("gradient")),
      1.3,
    ],
    ["staged Hessian product", await alternate(() => timed(() => hessian.apply(v, hv)), ask("hvp")), 0.7],
  ] as const;
  console.log(
    `\ntanh ${widths.join("-")}, n = ${n}, ${threads} threads each, medians of 21 alternating calls`,
  );
  console.log(
    `${machine()}; ONNX Runtime ${engine.version}; ${opened ? `PyTorch ${opened.torch}` : "no Python with torch: Basin alone"}`,
  );
  console.log("| work | Basin | PyTorch | ratio | aim |\n|---|---|---|---|---|");
  const ms = (s: number): string => (Number.isNaN(s) ? "–" : `${(1000 * s).toFixed(1)} ms`);
  for (const [name, { ours, theirs, ratio }, aim] of rows)
    console.log(
      `| ${name} | ${ms(ours)} | ${ms(theirs)} | ${Number.isNaN(ratio) ? "–" : ratio.toFixed(2)} | ≤ ${aim} |`,
    );
  peer?.close();
}

void main();
