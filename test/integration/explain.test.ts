// What happened at a spike: a run whose culprit is known, an example far out, against dense float64 at the checkpoint where the loss began to rise.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeExplanation } from "../../src/record/explanation";
import type { Explanation } from "../../src/types/explanation";
import { symmetricEigen } from "../../src/util/linalg/symmetricEigen";
import { Rng } from "../../src/util/rng";
import { root, seriesOf, startRun, temporary, tensorsOf } from "../support/runs";
import { gradientOf, output, tanhNet } from "../support/tanhNet";

const [n, D, hidden, outlier] = [16, 3, 6, 5];

/** Examples near the origin, where a net without biases hardly moves, and one far from it, along an input that the others hardly have. */
function examples(): { x: Float64Array; y: Float64Array } {
  const rng = new Rng(2, "explain");
  const x = Float64Array.from({ length: n * D }, (_, k) => (k % D === 2 ? 0.02 : 0.1) * rng.normal());
  x.set([0, 0, 2], outlier * D);
  const y = Float64Array.from({ length: n }, (_, i) => (i === outlier ? 1 : 0.5 * x[i * D]));
  return { x: x.map(Math.fround), y: y.map(Math.fround) };
}

const { x, y } = examples();
const net = tanhNet(x, D, hidden);

const sizes = { "0.weight": hidden * D, "2.weight": hidden };
const P = hidden * (D + 1);
/** Where the weights lie among all parameters of the net by hand, whose biases stay at zero. */
const places = Array.from({ length: P }, (_, i) => (i < hidden * D ? i : i + hidden));
const withBiases = (theta: Float64Array): Float64Array => {
  const all = new Float64Array(net.P);
  places.forEach((place, i) => (all[place] = theta[i]));
  return all;
};
const weightsOf = (all: Float64Array): Float64Array => Float64Array.from(places, (place) => all[place]);

function thetaOf(run: string, step: number): Float64Array {
  const tensors = tensorsOf(join(run, "checkpoints", `step-${step}.safetensors`));
  return Float64Array.from(Object.keys(sizes).flatMap((name) => [...tensors.get(name)!.data]));
}

function hessianOf(theta: Float64Array): Float64Array {
  const h = 1e-5;
  const H = new Float64Array(P * P);
  for (let i = 0; i < P; i++) {
    const [above, below] = [1, -1].map((sign) =>
      weightsOf(
        gradientOf(net, y, withBiases(theta.map((value, j) => (j === i ? value + sign * h : value)))),
      ),
    );
    for (let j = 0; j < P; j++) H[i * P + j] = (above[j] - below[j]) / (2 * h);
  }
  return H.map((value, k) => (value + H[(k % P) * P + Math.floor(k / P)]) / 2);
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

async function explained(optimizer: object): Promise<{ run: string; told: Explanation }> {
  const folder = temporary();
  const rows = Array.from({ length: n }, (_, i) => [...x.subarray(i * D, (i + 1) * D), y[i]].join());
  writeFileSync(join(folder, "train.csv"), `a,b,c,y\n${rows.join("\n")}\n`);
  const { run, exited } = startRun(folder, {
    name: "outlier",
    seed: 3,
    data: { source: "csv", train: { file: "train.csv" }, targets: ["y"] },
    model: { kind: "mlp", hidden: [hidden], activation: "tanh", bias: false },
    loss: "mse",
    optimizer: { kind: "sgd", ...optimizer },
    stop: { steps: 200 },
    probes: {},
    closing: "full",
    checkpoints: { every: 1 },
  });
  expect(await exited).toBe(0);
  const verdict = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")) as { explanation: unknown };
  const told = decodeExplanation(verdict.explanation);
  expect(told).not.toBeNull();
  return { run, told: told! };
}

describe.each([
  ["gradient descent", { learningRate: 10, schedule: { warmup: 150 } }, 2, true],
  ["heavy ball", { learningRate: 15, momentum: 0.5, schedule: { warmup: 150 } }, 3, false],
] as const)("%s whose learning rate rises beyond the limit", (_what, optimizer, constant, alone) => {
  test("names eigenvector, limit, tensors and the example, as dense matrices have them", async () => {
    const { run, told } = await explained(optimizer);
    const { spike, directions, direction, limit, parameters } = told;
    const theta = thetaOf(run, spike.from);
    const { values, vectors } = symmetricEigen(hessianOf(theta), P);
    directions.forEach(({ eigenvalue, error }, i) =>
      expect(Math.abs(eigenvalue - values[i]), `${eigenvalue} ± ${error}`).toBeLessThan(
        error + 1e-3 * values[0],
      ),
    );
    const rate = (optimizer.learningRate * (spike.from + 1)) / 150;
    expect(Math.abs((limit * rate) / constant - 1)).toBeLessThan(1e-6);
    const v = vectors.subarray(direction * P, (direction + 1) * P);
    let at = 0;
    for (const [name, size] of Object.entries(sizes)) {
      const own = v.subarray(at, (at += size));
      expect(Math.abs(parameters.find((one) => one.name === name)!.share - dot(own, own))).toBeLessThan(5e-3);
    }
    const slope = new Float64Array(net.P);
    const along = Array.from({ length: n }, (_, i) => {
      const residual = output(net, withBiases(theta), i, slope) - y[i];
      const jv = dot(weightsOf(slope), v);
      return { gradient: 2 * residual * jv, curvature: 2 * jv * jv };
    });
    const bend = along.reduce((sum, { curvature }) => sum + curvature, 0);
    const pull = along.reduce((sum, { gradient }) => sum + Math.abs(gradient), 0);
    const sign = Math.sign(along.reduce((sum, { gradient }) => sum + gradient, 0));
    for (const { example, gradient, curvature } of told.examples) {
      expect(Math.abs(curvature - along[example].curvature / bend)).toBeLessThan(5e-3);
      expect(Math.abs(gradient - (sign * along[example].gradient) / pull)).toBeLessThan(2e-2);
    }
    // The other way to train has left for a flat place before, from where its momentum carries it up.
    if (!alone) return;
    expect(direction).toBe(0);
    expect(directions[0].eigenvalue).toBeGreaterThan(0.9 * limit);
    const most = Math.max(...told.examples.map(({ curvature }) => curvature));
    expect(told.examples.find(({ curvature }) => curvature === most)!.example).toBe(outlier);
    expect(most).toBeGreaterThan(0.5);
    // The rise is a displacement along it.
    expect(directions[0].share).toBeGreaterThan(0.9);
  });
});

test("the command tells the same, also where checkpoints are rare, and says where there is nothing to tell", async () => {
  const { run, told } = await explained({ learningRate: 10, batchSize: 8, schedule: { warmup: 150 } });
  const series = seriesOf(run).column("loss.train");
  expect(series.at(told.spike.peak)! / told.spike.loss).toBeGreaterThan(10);
  const basin = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, "dist", "cli.js"), "explain", run, ...args], {
      encoding: "utf8",
      timeout: 50_000,
    });
  const { stdout, status } = basin("--json");
  expect(status).toBe(0);
  expect(decodeExplanation(JSON.parse(stdout))).toEqual(told);
  expect(basin("--step", "x").status).toBe(2);
  expect(basin("--step", String(told.spike.peak)).stdout).toContain(`${outlier} (`);
});
