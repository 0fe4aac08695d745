// The networks of examples/, on which engines are compared.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { viewsOf } from "../../src/curvature/flat";
import { plainMeter } from "../../src/curvature/meter";
import type { Engine } from "../../src/engines/engine";
import { cacheHere } from "../../src/protocol/cacheFolder";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import type { Experiment } from "../../src/protocol/experiment";
import { namedSets } from "../../src/protocol/namedSets";
import { Problem } from "../../src/trainers/basin/problem";
import { Rng } from "../../src/util/rng";
import { expectClose } from "./numeric";
import { root } from "./runs";

/** float32 rounding through a network's depth and sums over its widest layer. */
const F32 = 5e-5;
/** tfjs's CPU backend is plain JavaScript: the first examples of the training set say whether two engines agree as well as all do. */
const most = 16;

const folder = join(root, "examples");
export const exampleFiles = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".basin.json"))
  .sort();

/** The distinct networks and losses of an example: a sweep over learning rates has one. */
function networksOf(file: string): Experiment[] {
  const { points, problems } = checkExperiment(readFileSync(file, "utf8"), file);
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const byNetwork = new Map(
    points.map(({ experiment }) => [
      JSON.stringify([experiment.data, experiment.model, experiment.loss]),
      experiment,
    ]),
  );
  return [...byNetwork.values()];
}

/**
 * An example whose public data set is not in the cache, on the first images of that set that lie beside the project: the ones
 * its `take` chooses as well. Null where they are not there either.
 */
function withData(experiment: Experiment): Experiment | null {
  const { data } = experiment;
  if (!(data.source in namedSets)) return experiment;
  const cached = join(cacheHere(), data.source);
  if (existsSync(cached)) return experiment;
  const shared = resolve(root, "..", "shared", "data", data.source);
  const [images, labels] = ["images-idx3", "labels-idx1"].map((kind) =>
    join(shared, `train-first3615-${kind}-ubyte.gz`),
  );
  if (data.source !== "fashion-mnist" || !existsSync(images)) return null;
  return {
    ...experiment,
    data: { source: "idx", train: { ...data.train, images, labels }, scale: data.scale },
  };
}

/** Loss, gradient [P] and H v [P] at the starting point on the first examples, as this engine computes them. */
async function computed(problem: Problem, v: Float32Array) {
  const size = Math.min(problem.n, most);
  const theta = await problem.start();
  const { x, y, n } = problem.data.train;
  const { compiled, masks } = await problem.gradient(size);
  const [loss, ...rest] = await compiled.run([
    x.subarray(0, (x.length / n) * size),
    y.subarray(0, (y.length / n) * size),
    ...viewsOf(theta, problem.shapes),
    ...masks.map((mask) => new Float32Array(mask.size).fill(1)),
  ]);
  const gradient = rest.slice(0, problem.shapes.length).flatMap((part) => Array.from(part));
  const onBatch = problem.batchCurvature(size, plainMeter());
  const curvature = onBatch(
    theta,
    Uint32Array.from({ length: size }, (_, i) => i),
  );
  const product = new Float32Array(problem.d);
  await curvature.hessian().apply(v, product);
  return { loss, gradient, product };
}

/** Fails where an engine's loss, gradient or Hessian product on an example is not that of the first. */
export async function agree(name: string, engines: readonly Engine[]): Promise<"agree" | "no data"> {
  const file = join(folder, name);
  for (const experiment of networksOf(file).map(withData)) {
    if (!experiment) return "no data";
    const found = [];
    for (const engine of engines) {
      const problem = await Problem.load(experiment, file, engine);
      const rng = new Rng(11, "direction");
      const v = Float32Array.from({ length: problem.d }, () => rng.normal() / Math.sqrt(problem.d));
      found.push({ engine, ...(await computed(problem, v)) });
    }
    const [oracle, ...others] = found;
    expect(Math.hypot(...oracle.product.slice(0, 1000))).toBeGreaterThan(0);
    for (const { engine, loss, gradient, product } of others) {
      expectClose(loss, oracle.loss, F32, `${engine.name}: loss`);
      expectClose(gradient, oracle.gradient, F32, `${engine.name}: gradient`);
      expectClose(product, oracle.product, F32, `${engine.name}: Hessian product`);
    }
  }
  return "agree";
}
