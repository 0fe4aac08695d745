// Sharpness read every 10 steps beside training alone: a small net at the edge of stability, a wide one at its start.
import { EigenTracker } from "../src/curvature/tracker";
import { Rng } from "../src/util/rng";
import { median, printRow, timed } from "./harness";
import { problemOf, small, wide } from "./problems";

/** Sharpness every 10 steps at the edge of stability: products a warm reading needs, and time beside training alone. */
export async function warm(): Promise<void> {
  const learningRate = 0.05;
  const { at, theta, gradient, step } = await problemOf(small, [1], 20, 1);
  const train = async (steps: number): Promise<void> => {
    for (let i = 0; i < steps; i++) {
      await step();
      for (let j = 0; j < theta.length; j++) theta[j] -= learningRate * gradient[j];
    }
  };
  const tracker = new EigenTracker({
    size: theta.length,
    top: 1,
    tolerance: 1e-3,
    rng: new Rng(0, "warm"),
  });
  await train(6000);
  const products: number[] = [];
  let [training, reading, sharpness] = [0, 0, NaN];
  for (let i = 0; i < 1200; i++) {
    training += await timed(() => train(10));
    reading += await timed(async () => {
      const { values, products: count } = await tracker.measure(at(theta).hessian());
      sharpness = values[0];
      if (i > 0) products.push(count);
    });
  }
  const where = `sharpness ${sharpness.toPrecision(4)}, limit ${(2 / learningRate).toPrecision(3)}`;
  printRow(
    `λmax to 1e-3, warm, every 10 steps (${where})`,
    { ours: `${median(products)} products`, theirs: "–", ratio: NaN },
    "median ≤",
    4,
  );
  const ours = `${((100 * reading) / training).toFixed(0)} % more time`;
  printRow("the same beside training alone, 1-30-20-1", { ours, theirs: "–", ratio: NaN }, "≤ 30 %", NaN);
  await warmWide();
}

/** The share of time on a net whose products cost more than their calls. */
async function warmWide(): Promise<void> {
  const { forEigenvalues, theta, gradient, step } = await problemOf(wide, [3072], 1000, 10);
  const { size, at } = await forEigenvalues();
  const tracker = new EigenTracker({
    size,
    top: 1,
    tolerance: 1e-3,
    rng: new Rng(0, "warm"),
  });
  let [training, reading] = [0, 0];
  const products: number[] = [];
  for (let i = 0; i < 9; i++) {
    training += await timed(async () => {
      for (let s = 0; s < 10; s++) {
        await step();
        for (let j = 0; j < theta.length; j++) theta[j] -= 0.01 * gradient[j];
      }
    });
    const time = await timed(async () => {
      products.push((await tracker.measure((await at(theta)).hessian())).products);
    });
    if (i > 0) reading += time;
  }
  const share = `${((100 * reading) / ((training * 8) / 9)).toFixed(0)} % more time, median ${median(products.slice(1))} products`;
  printRow("the same, tanh 3072-200-200-10", { ours: share, theirs: "–", ratio: NaN }, "≤ 30 %", NaN);
}
