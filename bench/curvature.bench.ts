// Sharpness and non-uniformity beside SciPy's eigsh and the published per-example method on PyTorch.
import { EigenTracker } from "../src/curvature/tracker";
import { Rng } from "../src/util/rng";
import { machine, median, openPeer, printRow, seconds, timed } from "./harness";
import { problemOf, threads, wide } from "./problems";
import { warm } from "./warm";

/** λmax as a peer found it. */
interface Found {
  readonly seconds: number;
  readonly value: number;
  readonly products: number;
}

/** Other ways to λmax, on PyTorch's products; those of packages by their papers and documentation, not their code. */
const peers = [
  { name: "SciPy's eigsh on a kept graph", ask: { do: "eigsh" }, least: 4 },
  {
    name: "curvlinops' way, eigsh and a graph anew for each product",
    ask: { do: "eigsh", anew: true },
    least: 4,
  },
  {
    name: "PyHessian's way, power iteration to a change of 1e-3",
    ask: { do: "power", tolerance: 1e-3, most: 100 },
    least: 1,
  },
  {
    name: "hessian-eigenthings' way, power iteration to a change of 1e-4 and a graph anew",
    ask: { do: "power", tolerance: 1e-4, most: 1000, anew: true },
    least: 1,
  },
] as const;

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
  const theirs = peers.map((): (Found & { readonly ratio: number })[] => []);
  let [value, products] = [NaN, 0];
  for (let round = 0; round < 4; round++) {
    // The examples' row space and the staged part are a cost of the reading: they are computed anew.
    const time = await timed(async () => {
      const { size, at } = await forEigenvalues();
      const rng = new Rng(round, "cold");
      const tracker = new EigenTracker({ size, top: 1, tolerance: 1e-3, rng });
      const reading = await tracker.measure((await at(theta)).hessian());
      [value, products] = [reading.values[0], reading.products];
    });
    if (round > 0) ours.push(time);
    for (const [i, { ask }] of peers.entries()) {
      const one = await peer?.ask<Found>(ask);
      if (round > 0 && one) theirs[i].push({ ...one, ratio: one.seconds / time });
    }
  }
  for (const [i, { name, least }] of peers.entries()) {
    const found = theirs[i].at(-1);
    const off = found ? (100 * Math.abs(found.value / value - 1)).toPrecision(1) : "–";
    printRow(
      `λmax to 1e-3, cold: ${value.toPrecision(5)} in ${products} products; ${name}: ${found?.products ?? "–"} products, ${off} % off`,
      {
        ours: seconds(median(ours)),
        theirs: seconds(median(theirs[i].map((one) => one.seconds))),
        ratio: median(theirs[i].map(({ ratio }) => ratio)),
      },
      "× faster, ≥",
      least,
    );
  }
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
