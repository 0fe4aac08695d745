// How time and memory grow with examples n, parameters d, outputs K, eigenpairs k, a convolution's filters and the positions of
// self-attention: tables and a picture for bench/README.md.
// Every case runs in a process of its own, whose peak memory is its own.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { EigenTracker } from "../src/curvature/tracker";
import type { BuiltinSpec } from "../src/protocol/experiment";
import { Rng } from "../src/util/rng";
import { growthPicture, type Panel } from "./growthPicture";
import { machine, median, timed } from "./harness";
import { problemOf } from "./problems";

interface Case {
  readonly net: keyof typeof nets;
  readonly n: number;
  /** Width of the two hidden layers, filters of the first convolution, width of the encoder. */
  readonly width: number;
  readonly K: number;
  /** Eigenpairs. */
  readonly k: number;
  /** Positions of a sequence. */
  readonly length: number;
}

interface Result {
  readonly d: number;
  /** Seconds. */
  readonly gradient: number;
  readonly product: number;
  readonly noise: number;
  readonly gram: number | null;
  readonly pairs: number;
  readonly products: number;
  /** Peak resident memory without the Gram matrix, MB; NaN where the system does not tell. */
  readonly memory: number;
}

/** Inputs of the dense net, and of each position of a sequence. */
const [D, features] = [256, 16];

/** Networks and the shape of an example. */
const nets = {
  dense: ({ width }: Case) => ({
    spec: { kind: "mlp", hidden: [width, width], activation: "tanh", bias: true } as BuiltinSpec,
    shape: [D],
  }),
  conv: ({ width }: Case) => ({
    spec: {
      kind: "sequential",
      layers: [
        { conv2d: { filters: width, kernel: 3, padding: 1 } },
        "tanh",
        { avgPool2d: 2 },
        { conv2d: { filters: 2 * width, kernel: 3, padding: 1 } },
        "tanh",
        { avgPool2d: 2 },
        "flatten",
        "dense",
      ],
    } as BuiltinSpec,
    shape: [3, 32, 32],
  }),
  attention: ({ width, length }: Case) => ({
    spec: {
      kind: "sequential",
      layers: [
        { dense: width },
        { residual: ["layerNorm", { selfAttention: { heads: 4 } }] },
        { residual: ["layerNorm", { dense: 4 * width }, "gelu", { dense: width }] },
        "meanPool",
        "dense",
      ],
    } as BuiltinSpec,
    shape: [length, features],
  }),
} as const;

const base: Case = { net: "dense", n: 1000, width: 128, K: 10, k: 1, length: 0 };
const images: Case = { ...base, net: "conv", n: 200 };
const sequences: Case = { ...base, net: "attention", n: 200, width: 32 };
/** Rows of the Gram matrix up to which it is timed; runs use it up to a thousand. */
const mostRows = 5000;

const axes = [
  { from: base, key: "n", label: "examples n", values: [125, 250, 500, 1000, 2000, 4000, 8000] },
  { from: base, key: "width", label: "parameters d", values: [16, 32, 64, 128, 256, 512, 1024] },
  { from: base, key: "K", label: "outputs K", values: [1, 2, 4, 8, 16, 32] },
  { from: base, key: "k", label: "eigenpairs k", values: [1, 2, 4, 8, 16, 32] },
  { from: images, key: "width", label: "filters of a convolution", values: [2, 4, 8, 16, 32] },
  { from: sequences, key: "length", label: "positions of self-attention", values: [8, 16, 32, 64, 128] },
] as const;

async function measure(one: Case): Promise<Result> {
  const { n, K, k } = one;
  const { spec, shape } = nets[one.net](one);
  const { curvature, at, theta, step, normal } = await problemOf(spec, shape, n, K);
  const d = curvature.size;
  const [v, out] = [normal(d), new Float32Array(d)];
  const typical = async (work: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    // The first calls of a process are slow: they fetch memory.
    for (let left = 1.5, i = 0; i < 5 || (left > 0 && i < 40); i++) {
      times.push(await timed(work));
      left -= times[i];
    }
    return median(times.slice(times.length > 5 ? 3 : 1));
  };
  const gradient = await typical(step);
  const [hessian, sigma] = [curvature.hessian(), curvature.noiseMatrix()];
  const product = await typical(() => hessian.apply(v, out));
  const noise = await typical(() => sigma.apply(v, out));
  let products = 0;
  const pairs = await typical(async () => {
    const tracker = new EigenTracker({ size: d, top: k, tolerance: 1e-2, rng: new Rng(0, "growth") });
    products = (await tracker.measure(at(theta).gaussNewton())).products;
  });
  const memory = peakMemory();
  const gram = n * K <= mostRows ? await typical(() => curvature.gram()) : null;
  return { d, gradient, product, noise, gram, pairs, products, memory };
}

function peakMemory(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1000;
  } catch {
    return NaN;
  }
}

function inOwnProcess(one: Case): Result {
  const { stdout, stderr, status } = spawnSync(process.execPath, [process.argv[1], JSON.stringify(one)], {
    encoding: "utf8",
    maxBuffer: 1 << 24,
  });
  if (status !== 0) throw new Error(`${JSON.stringify(one)}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}

const ms = (time: number | null): string => (time === null ? "–" : (1000 * time).toPrecision(3));

function main(): void {
  console.log(
    `\ngrowth, tanh ${D}-${base.width}-${base.width}-${base.K}, n = ${base.n}; two convolutions and an encoder of width ${sequences.width}, n = ${images.n}; milliseconds, medians\n${machine()}`,
  );
  const panels: Panel[] = [];
  for (const { from, key, label, values } of axes) {
    console.log(
      `\n| ${label} | gradient | Hv | Σv | Gram | top k of Gauss–Newton | products | peak MB |\n|---|---|---|---|---|---|---|---|`,
    );
    const rows = values.map((value) => {
      const result = inOwnProcess({ ...from, [key]: value });
      const x = from === base && key === "width" ? result.d : value;
      const { gradient, product, noise, gram, pairs, products, memory } = result;
      const cells = [gradient, product, noise, gram, pairs].map(ms);
      console.log(`| ${x} | ${cells.join(" | ")} | ${products} | ${memory.toFixed(0)} |`);
      return { x, ...result };
    });
    panels.push({ label, rows });
  }
  writeFileSync("growth.svg", growthPicture(panels));
  console.log("\nwrote bench/growth.svg");
}

const asked = process.argv[2];
if (asked)
  void measure(JSON.parse(asked) as Case).then((result) => process.stdout.write(JSON.stringify(result)));
else main();
