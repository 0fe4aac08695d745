// README's picture of mean square against typical: SGD's own steps, linearized at the minimum of a trained net, many runs at two learning rates.
import { plainMeter } from "../../src/curvature/meter";
import { openEngine } from "../../src/engines";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { escaped, fixed } from "../../src/record/export/svg";
import { growth } from "../../src/stability/growth";
import { factorSpectrum, type Factors } from "../../src/stability/secondMoment";
import { samplingFactor } from "../../src/stability/thresholds";
import { typical } from "../../src/stability/typical";
import { varianceLimit } from "../../src/stability/varianceLimit";
import { Problem } from "../../src/trainers/basin/problem";
import { Trainer } from "../../src/trainers/basin/trainer";
import { BatchSampler } from "../../src/util/batchSampler";
import { jsGemm as gemm } from "../../src/util/linalg/jsGemm";
import { num } from "../../src/util/numberText";
import { Rng } from "../../src/util/rng";

/** The net of test/integration/typical.test.ts, in JSON as a file would have it. */
const experiment = {
  data: { source: "chebyshev", degree: 3, examples: 20 },
  model: { kind: "mlp", hidden: [40, 40], activation: "tanh" },
  loss: "squared-error",
  optimizer: { kind: "sgd", learningRate: 0.1, batchSize: "full", momentum: 0.9 },
};
const [trainedFor, batchSize, runs, shown, seed] = [30_000, 4, 20_000, 24, 1];
/** The learning rates, each with the steps that tell. */
const settings = [
  { learningRate: 0.08, steps: 60 },
  { learningRate: 0.125, steps: 60 },
] as const;

/** One learning rate. Losses are relative to their mean before the first step. */
interface Simulated {
  readonly learningRate: number;
  readonly rho: number;
  /** e^{2ℓ}. */
  readonly own: number;
  /** The expected loss at each step, by the second-moment map. */
  readonly expected: readonly number[];
  readonly median: readonly number[];
  /** Some runs as they come, and the one that went highest. */
  readonly some: readonly (readonly number[])[];
  readonly highest: readonly number[];
  /** Share of the runs that end above where they began. */
  readonly risen: number;
}

/** The factors at the minimum, which training without noise reaches. */
async function trained(): Promise<Factors> {
  const { points } = checkExperiment(JSON.stringify(experiment), "mean-square");
  const problem = await Problem.load(points[0].experiment, "mean-square", await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  for (let t = 0; t < trainedFor; t++) {
    await trainer.computeGradient();
    trainer.advance();
  }
  return factorSpectrum(await trainer.point().factors!.gram(), { n: 20, K: 1 }, "all");
}

/** ½ E[δᵀHδ] from E[δδᵀ] = I on, step by step. @source theory.md, section 2. */
function expectedLoss({ n, r, lambda, A }: Factors, learningRate: number, steps: number): number[] {
  const p = samplingFactor(n, batchSize);
  let Z = Float64Array.from({ length: r * r }, (_, k) => (k % (r + 1) === 0 ? 1 : 0));
  return Array.from({ length: steps + 1 }, () => {
    const loss = lambda.reduce((sum, value, a) => sum + (value * Z[a * (r + 1)]) / 2, 0);
    // E[(I − ηH_B) Z (I − ηH_B)], one output: AᵢZAᵢᵀ is a number.
    const next = Z.map((value, k) => {
      const [a, b] = [lambda[Math.floor(k / r)], lambda[k % r]];
      return value * (1 - learningRate * (a + b) + learningRate ** 2 * (1 - p) * a * b);
    });
    for (let i = 0; i < n; i++) {
      const g = A.subarray(i * r, (i + 1) * r);
      let along = 0;
      for (let a = 0; a < r; a++) for (let b = 0; b < r; b++) along += g[a] * Z[a * r + b] * g[b];
      const weight = (learningRate ** 2 * p * along) / n;
      for (let a = 0; a < r; a++) for (let b = 0; b < r; b++) next[a * r + b] += weight * g[a] * g[b];
    }
    Z = next;
    return loss;
  });
}

/** ½ δᵀHδ of one run δ ← (I − ηH_B)δ from a normal start. */
function follow({ r, lambda, A }: Factors, learningRate: number, steps: number, own: number): number[] {
  const rng = new Rng(seed, `run ${own}`);
  const sampler = new BatchSampler({ n: 20, size: batchSize, sampling: "independent", seed: rng.uint32() });
  const delta = Float64Array.from({ length: r }, () => rng.normal());
  return Array.from({ length: steps + 1 }, () => {
    const loss = lambda.reduce((sum, value, a) => sum + (value * delta[a] ** 2) / 2, 0);
    const move = new Float64Array(r);
    for (const i of sampler.next()) {
      let along = 0;
      for (let a = 0; a < r; a++) along += A[i * r + a] * delta[a];
      for (let a = 0; a < r; a++) move[a] -= (learningRate / batchSize) * along * A[i * r + a];
    }
    for (let a = 0; a < r; a++) delta[a] += move[a];
    return loss;
  });
}

async function simulate(
  factors: Factors,
  { learningRate, steps }: (typeof settings)[number],
): Promise<Simulated> {
  const { rho } = await growth(factors, { learningRate, batchSize, gemm });
  const found = await typical(factors, { learningRate, batchSize, sampling: "independent" });
  const expected = expectedLoss(factors, learningRate, steps);
  const [start] = expected;
  const all = Array.from({ length: runs }, (_, own) =>
    follow(factors, learningRate, steps, own).map((loss) => loss / start),
  );
  const peak = (run: readonly number[]): number => Math.max(...run);
  return {
    learningRate,
    rho,
    own: found!.growth.value,
    expected: expected.map((loss) => loss / start),
    median: expected.map((_, t) => median(all.map((run) => run[t]))),
    some: all.slice(0, shown),
    highest: all.reduce((best, run) => (peak(run) > peak(best) ? run : best)),
    risen: all.filter((run) => run[steps] > run[0]).length / runs,
  };
}

const median = (values: readonly number[]): number => Float64Array.from(values).sort()[values.length >> 1];

const [width, height, top, foot, left, gap, right] = [820, 400, 84, 48, 62, 34, 20];
const span = (width - left - gap - right) / 2;
const [lowest, high] = [1e-4, 1e12];
const colors = {
  ink: "#1f2328",
  muted: "#59636e",
  grid: "#d8dee4",
  blue: "#0969da",
  orange: "#bc4c00",
  red: "#cf222e",
} as const;
type Color = keyof typeof colors;

const y = (value: number): number =>
  top + (height - top - foot) * (1 - Math.log(value / lowest) / Math.log(high / lowest));

const words = (
  [x, at]: readonly [number, number],
  text: string,
  { color = "muted", anchor = "start", size = 12 }: { color?: Color; anchor?: string; size?: number } = {},
): string =>
  `<text x="${fixed(x)}" y="${fixed(at)}" font-size="${size}" text-anchor="${anchor}" fill="${colors[color]}" stroke="#fff" stroke-width="3" stroke-linejoin="round" paint-order="stroke">${escaped(text)}</text>`;

/** Words beside a curve, at a step and a loss. */
interface Label {
  readonly step: number;
  readonly loss: number;
  readonly text: string;
  readonly color?: Color;
  readonly anchor?: "start" | "end";
}

interface Stroke {
  readonly color: Color;
  readonly wide: number;
  readonly faint?: number;
  readonly dash?: string;
}

/** One learning rate's half of the picture; `labels` stand beside its curves. */
function half(
  { learningRate, rho, own, expected, median: middle, some, highest }: Simulated,
  from: number,
  { heading, labels }: { readonly heading: string; readonly labels: readonly Label[] },
): string {
  const last = expected.length - 1;
  const x = (step: number): number => from + (step / last) * span;
  const line = (values: readonly number[], { color, wide, faint = 1, dash = "" }: Stroke): string =>
    `<polyline fill="none" stroke="${colors[color]}" stroke-width="${wide}" stroke-opacity="${faint}" stroke-dasharray="${dash}" points="${values
      .flatMap((value, step) => (value > 0 ? [`${fixed(x(step))},${fixed(y(value))}`] : []))
      .join(" ")}"/>`;
  const grid = [1e-4, 1, 1e4, 1e8, 1e12].flatMap((value) => [
    `<line x1="${from}" x2="${from + span}" y1="${fixed(y(value))}" y2="${fixed(y(value))}" stroke="${colors.grid}"/>`,
    from === left ? words([from - 8, y(value) + 4], power(value), { anchor: "end" }) : "",
  ]);
  const ticks = [0, 20, 40, 60].map((step) =>
    words([x(step), height - foot + 18], String(step), { anchor: "middle" }),
  );
  // A rate shows once the first steps have turned a displacement to the direction that grows.
  const predicted = (factor: number, curve: readonly number[], at: number): string =>
    line(
      curve.map((_, step) => (step < at ? NaN : curve[at] * factor ** (step - at))),
      { color: "ink", wide: 1.3, dash: "4 5" },
    );
  return [
    words([from, 42], `learning rate ${learningRate}`),
    words([from, 62], heading, { color: "ink", size: 15 }),
    ...grid,
    ...ticks,
    `<clipPath id="c${from}"><rect x="${from}" y="${top}" width="${span}" height="${height - top - foot}"/></clipPath>`,
    `<g clip-path="url(#c${from})">`,
    ...some.map((run) => line(run, { color: "muted", wide: 1, faint: 0.28 })),
    line(highest, { color: "orange", wide: 1.6 }),
    line(expected, { color: "red", wide: 2.2 }),
    line(middle, { color: "blue", wide: 2.6 }),
    predicted(rho, expected, 6),
    own > 1.01 ? predicted(own, middle, 12) : "",
    "</g>",
    ...labels.map(({ step, loss, text, ...how }) => words([x(step), y(loss)], text, how)),
  ].join("\n");
}

const power = (value: number): string => {
  const exponent = Math.round(Math.log10(value));
  if (exponent === 0) return "1";
  const digits = [...String(Math.abs(exponent))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]);
  return `10${exponent < 0 ? "⁻" : ""}${digits.join("")}`;
};

/** The picture on a ground of its own, so that it reads on a light page and a dark one; and the numbers that README quotes of it. */
export async function meanSquare(): Promise<{ readonly svg: string; readonly numbers: string }> {
  const factors = await trained();
  const [stays, leaves] = [await simulate(factors, settings[0]), await simulate(factors, settings[1])];
  const { upper } = await varianceLimit(factors, { batchSize, gemm });
  const found = await typical(factors, { ...settings[0], batchSize, sampling: "independent" });
  const many = runs.toLocaleString("en-US");
  const short = (factor: number): string => factor.toFixed(2);
  const parts = [
    `<rect width="${width}" height="${height}" rx="8" fill="#fff"/>`,
    words(
      [left, 20],
      `loss above the minimum, over where it began · ${many} runs of SGD from one minimum, batches of ${batchSize}`,
    ),
    half(stays, left, {
      heading: "The mean explodes, a typical run comes back",
      labels: [
        { step: 20, loss: 2e8, text: `the highest of ${many}`, color: "orange" },
        {
          step: 60,
          loss: 2.5e3,
          text: `mean of all: × ${short(stays.rho)} a step`,
          color: "red",
          anchor: "end",
        },
        { step: 60, loss: 2.2e-4, text: "the median run", color: "blue", anchor: "end" },
        { step: 1, loss: 2.2e-4, text: `${shown} runs as they come` },
      ],
    }),
    half(leaves, left + span + gap, {
      heading: "A typical run leaves too, at its own rate",
      labels: [
        { step: 15.2, loss: 2e10, text: `mean: × ${short(leaves.rho)}`, color: "red", anchor: "end" },
        { step: 60, loss: 3e5, text: `median: × ${short(leaves.own)}`, color: "blue", anchor: "end" },
        { step: 60, loss: 2.2e-4, text: "dashed: as predicted", color: "ink", anchor: "end" },
      ],
    }),
    words([left + span / 2, height - 10], "step", { anchor: "middle" }),
    words([left + gap + 1.5 * span, height - 10], "step", { anchor: "middle" }),
  ];
  const told = [stays, leaves].map(
    ({ learningRate, rho, own, risen }) =>
      `at ${learningRate}: mean square × ${num(rho)}, typical × ${num(own)} a step, ${num(100 * risen)} % of the runs end higher than they began`,
  );
  return {
    svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif">\n${parts.join("\n")}\n</svg>\n`,
    numbers: `${told.join("; ")}; mean-square limit ${num(upper)}, typical limit ${num(found!.limit.value)}`,
  };
}
