// Sharpness and non-uniformity beside SciPy's eigsh and the published per-example method on PyTorch.
import { EigenTracker } from "../src/curvature/tracker";
import { Rng } from "../src/util/rng";
import { machine, median, openPeer, printRow, seconds, timed } from "./harness";
import { problemOf, threads, wide } from "./problems";
import { warm } from "./warm";

async function main(): Promise<void> {
  console.log(`\n${threads} threads each\n${machine()}`);
  console.log("| work | Basin | peer | ratio | aim |\n|---|---|---|---|---|");
  await cold();
  await nonuniformity();
  await warm();
}

/** λmax to 1e-3 from nothing; both sides at the same θ on the same data. */
async function cold(): Promise<void> {
  const { forEigenvalues, theta, x, y } = await problemOf(wide, [3072], 1000, 10);
  const peer = await openPeer({ widths: [3072, 200, 200, 10], activation: "tanh", n: 1000, threads });
  await peer?.ask({ do: "load", theta: [...theta], x: [...x], y: [...y] });
  const ours: number[] = [];
  const theirs: number[] = [];
  let [value, products, theirValue, theirProducts] = [NaN, 0, NaN, 0];
  for (let round = 0; round < 5; round++) {
    // The examples' row space and the staged part are a cost of the reading: they are computed anew.
    const time = await timed(async () => {
      const { size, at } = await forEigenvalues();
      const rng = new Rng(round, "cold");
      const tracker = new EigenTracker({ size, top: 1, tolerance: 1e-3, rng });
      const reading = await tracker.measure((await at(theta)).hessian());
      [value, products] = [reading.values[0], reading.products];
    });
    const answer = await peer?.ask<{ seconds: number; value: number; products: number }>({ do: "eigsh" });
    if (round === 0) continue;
    ours.push(time);
    if (answer) {
      theirs.push(answer.seconds);
      [theirValue, theirProducts] = [answer.value, answer.products];
    }
  }
  const ratio = median(ours.map((time, i) => (theirs[i] ?? NaN) / time));
  printRow(
    `λmax to 1e-3, cold: ${value.toPrecision(5)} in ${products} products; eigsh ${theirValue.toPrecision(5)} in ${theirProducts}`,
    { ours: seconds(median(ours)), theirs: seconds(median(theirs)), ratio },
    "× faster, ≥",
    5,
  );
  peer?.close();
}

/** One product with Σ against one power iteration of 2n per-example products. */
async function nonuniformity(): Promise<void> {
  const { curvature, normal } = await problemOf(wide, [3072], 1000, 10);
  const peer = await openPeer({ widths: [3072, 200, 200, 10], activation: "tanh", n: 1000, threads });
  const sigma = curvature.noiseMatrix();
  const [v, out] = [normal(curvature.size), new Float32Array(curvature.size)];
  const first = await timed(() => sigma.apply(v, out));
  const ours: number[] = [];
  for (let round = 0; round < 7; round++) ours.push(await timed(() => sigma.apply(v, out)));
  const theirs = peer
    ? (await peer.ask<{ seconds: number }>({ do: "nonuniformity", examples: 20 })).seconds
    : NaN;
  printRow(
    `Σv, n = 1000 (first one with its kernel ${seconds(first)}); peer timed on 20 examples and scaled`,
    { ours: seconds(median(ours)), theirs: seconds(theirs), ratio: theirs / median(ours) },
    "× faster, ≥",
    50,
  );
  peer?.close();
}

void main();
