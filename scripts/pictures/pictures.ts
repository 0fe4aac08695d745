// Runs each example as it is written, draws it, and prints the numbers that examples/README.md quotes.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listRuns } from "../../src/launchers";
import { readSeries } from "../../src/record/disk/readSeries";
import type { MlpSpec, SgdSpec } from "../../src/protocol/experiment";
import type { MetricName } from "../../src/protocol/metrics";
import { Column } from "../../src/record/column";
import { num } from "../../webview/format";
import { limitOver, limitsOf } from "../../src/record/limits";
import { column, entry, type RunModel } from "../../webview/store/runModel";
import { rasterize } from "../../src/cli/rasterize";
import { picture, type Curve, type Level, type Panel } from "./draw";
import { meanSquare } from "./meanSquare";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "examples", "pictures");

/** What an example's picture shows of its runs, and a line of numbers. */
interface Drawn {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** What goes from left to right where that is not the step, and where it ends. */
  readonly across?: { readonly label: string; readonly last: number };
  readonly numbers: string;
}

const examples: Readonly<Record<string, (runs: readonly RunModel[]) => Drawn>> = {
  "edge-of-stability": ([run]) =>
    edge(run, "sharpness", { label: "sharpness λmax(H), loss/θ²", formula: "2/η" }),
  "momentum-edge": ([run]) =>
    edge(run, "sharpness", { label: "sharpness λmax(H), loss/θ²", formula: "(2 + 2β)/η" }, [
      { label: "without momentum 2/η", value: 2 / rateOf(run), limit: false },
    ]),
  "adam-edge": ([run]) =>
    edge(run, "preconditionedSharpness", {
      label: "λmax(P^-½ H P^-½), 1/learning rate",
      formula: "(2 + 2β₁)/((1 − β₁)η)",
    }),
  "sam-edge": samEdge,
  "two-minima": twoMinima,
  "label-noise": labelNoise,
  "central-flow": centralFlow,
  catapult,
  activations,
  momenta,
  "warm-up": warmUp,
  thresholds,
  alignment,
  "self-stabilization": selfStabilization,
};

/** Folders of examples that have one of their own, under examples/, with their picture in it. */
const folders: Readonly<Record<string, string>> = {
  catapult: "paper/catapult",
  activations: "paper/edge-of-stability",
  momenta: "paper/edge-of-stability",
  "warm-up": "paper/warm-up",
  thresholds: "paper/thresholds",
  alignment: "paper/alignment",
  "self-stabilization": "paper/self-stabilization",
};

const rateOf = ({ info }: RunModel): number => info.experiment.optimizer.learningRate;

/** Sharpness rises to its limit and hovers there, while the loss goes on falling. */
function edge(
  run: RunModel,
  name: "sharpness" | "preconditionedSharpness",
  { label, formula }: { readonly label: string; readonly formula: string },
  others: readonly Level[] = [],
): Drawn {
  const own = column(run, name);
  const limit = limitsOf(run)[name];
  const words = name === "sharpness" ? "sharpness" : "preconditioned sharpness";
  const second = name === "sharpness" ? entry(run, "eigenvalues", 1) : undefined;
  const last = own.values.slice(-Math.floor(own.values.length / 4));
  return {
    title: `${words} rises to its limit ${formula} = ${num(limit)} and hovers there`,
    panels: [
      {
        label,
        height: 260,
        curves: [
          { label: words, column: own, color: "blue" },
          ...(second?.length
            ? [{ label: "second eigenvalue", column: second, color: "purple", faint: true } as const]
            : []),
        ],
        levels: [{ label: `limit ${formula}`, value: limit, limit: true }, ...others],
      },
      lossPanel([{ label: "training loss", column: column(run, "loss.train"), color: "blue" }]),
    ],
    numbers: `${words}: first ${num(own.values[0])}, limit ${num(limit)}, last quarter: median ${num(median(last))}, from ${num(Math.min(...last))} to ${num(Math.max(...last))}`,
  };
}

/** The limit of sharpness-aware steps moves with the slope, and the sharpness with it. */
function samEdge([run]: readonly RunModel[]): Drawn {
  const own = column(run, "sharpness");
  const limit = limitOver(run, "sharpness", own)!;
  const from = Math.floor((3 * own.values.length) / 4);
  const shares = own.values.slice(from).map((value, i) => value / limit.values[from + i]);
  return {
    title: "With SAM the sharpness meets a limit of its own, far below 2/η, and goes where that goes",
    panels: [
      {
        label: "sharpness λmax(H), loss/θ²",
        height: 260,
        curves: [
          { label: "SAM's limit at the slope ‖∇L‖", column: limit, color: "orange", faint: true },
          { label: "sharpness", column: own, color: "blue" },
        ],
        levels: [{ label: "without SAM 2/η", value: 2 / rateOf(run), limit: true }],
      },
      lossPanel([{ label: "training loss", column: column(run, "loss.train"), color: "blue" }]),
    ],
    numbers: `sharpness: first ${num(own.values[0])}, last ${num(own.values.at(-1))}, largest ${num(Math.max(...own.values))}; over its limit in the last quarter: median ${num(median(shares))}, from ${num(Math.min(...shares))} to ${num(Math.max(...shares))}`,
  };
}

/** Both runs start beside x = 1; where the non-uniformity falls to 0, noise has driven SGD to x = 0. */
function twoMinima(runs: readonly RunModel[]): Drawn {
  const [single, full] = ([1, "full"] as const).map((size) =>
    runs.find(({ info }) => info.experiment.optimizer.batchSize === size)!,
  );
  const both = (name: MetricName): Curve[] => [
    { label: "gradient descent, stays at x = 1", column: column(full, name), color: "blue" },
    { label: "SGD with B = 1, leaves for x = 0", column: column(single, name), color: "orange" },
  ];
  const limit = limitsOf(single).nonuniformity;
  return {
    title: "Gradient descent stays at the minimum x = 1; SGD with single examples leaves it for x = 0",
    panels: [
      {
        label: "non-uniformity λmax(Σ)^½, loss/θ²",
        height: 200,
        curves: both("nonuniformity"),
        levels: [{ label: "limit at B = 1: (1/η)(B(n−1)/(n−B))^½", value: limit, limit: true }],
      },
      lossPanel(both("loss.train")),
    ],
    numbers: [full, single]
      .map((run) => {
        const at = (name: MetricName) => num(column(run, name).values.at(-1));
        const { batchSize } = run.info.experiment.optimizer;
        return `batch ${batchSize}: non-uniformity ${at("nonuniformity")}, sharpness ${at("sharpness")}, limit of η ${at("stability.limit")}`;
      })
      .join("; "),
  };
}

/** Noise on the targets keeps the run swinging around its minima, and carries it along them to where they are flat. */
function labelNoise([run]: readonly RunModel[]): Drawn {
  const measured = column(run, "manifold.driftMeasured");
  const predicted = column(run, "manifold.drift");
  const cosine = column(run, "manifold.driftCosine");
  const sharpness = column(run, "sharpness");
  // A measured drift is the mean over eight readings.
  const { every } = run.info.experiment.probes.manifold!;
  const ratios = [...measured.steps].map((step, i) => {
    const from = step - 8 * every;
    const own = [...predicted.values].filter(
      (_, j) => predicted.steps[j] > from && predicted.steps[j] <= step,
    );
    return measured.values[i] / (own.reduce((sum, value) => sum + value, 0) / own.length);
  });
  return {
    title: "Label noise carries a run along the minima to a flatter one, as fast as predicted",
    panels: [
      {
        label: "drift along the minima, θ/step",
        height: 200,
        curves: [
          { label: "predicted", column: predicted, color: "blue" },
          { label: "measured", column: measured, color: "orange" },
        ],
        logFrom: 1e-5,
      },
      {
        label: "sharpness λmax(H), loss/θ²",
        height: 140,
        curves: [{ label: "sharpness", column: sharpness, color: "purple" }],
        levels: [{ label: "limit 2/η", value: limitsOf(run).sharpness, limit: true }],
      },
    ],
    numbers: `measured over predicted ${ratios.map((ratio) => num(ratio)).join(", ")}; cosines from ${num(Math.min(...cosine.values))}; sharpness at ${sharpness.steps[25]}: ${num(sharpness.values[25])}, at the end ${num(sharpness.values.at(-1))}`,
  };
}

/** The run swings at the edge of stability; the flow goes through the middle of it. */
function centralFlow([run]: readonly RunModel[]): Drawn {
  const own = (name: MetricName) => column(run, name);
  const distance = own("flow.distance").values;
  return {
    title: "The central flow goes where the run goes, without its oscillation",
    panels: [
      {
        label: "training loss",
        height: 180,
        curves: [
          { label: "run", column: own("loss.train"), color: "orange" },
          { label: "central flow", column: own("flow.loss"), color: "blue" },
        ],
        logFrom: 1e-3,
      },
      {
        label: "sharpness λmax(H), loss/θ²",
        height: 180,
        curves: [
          { label: "run", column: own("sharpness"), color: "orange" },
          { label: "central flow", column: own("flow.sharpness"), color: "blue" },
        ],
        levels: [{ label: "limit 2/η", value: limitsOf(run).sharpness, limit: true }],
      },
    ],
    numbers: `distance at the end ${num(distance.at(-1))}, at most ${num(Math.max(...distance))}; sharpness of the flow at the end ${num(own("flow.sharpness").values.at(-1))}; loss of run and flow ${num(own("loss.train").values.at(-1))}, ${num(own("flow.loss").values.at(-1))}`,
  };
}

/** Four learning rates from one start: two that the start's curvature bears in different ways, and one that it does not. */
function catapult(runs: readonly RunModel[]): Drawn {
  const colors = ["blue", "purple", "orange", "red"] as const;
  const rising = [...runs].sort((a, b) => rateOf(a) - rateOf(b));
  // Every run starts at the same place. The residual f adds to λ₀ there: λmax(H)² − λ₀ λmax(H) = 3f² = 6L for f = uᵀv.
  const [sharpest, loss] = (["sharpness", "loss.train"] as const).map(
    (name) => column(rising[0], name).values[0],
  );
  const start = sharpest - (6 * loss) / sharpest;
  const named = (name: "loss.train" | "sharpness", of: readonly RunModel[]): Curve[] =>
    of.map((run) => ({
      label: `η = ${(rateOf(run) * start).toFixed(1)}/λ₀`,
      column: column(run, name),
      color: colors[rising.indexOf(run)],
    }));
  const staying = rising.filter(({ status }) => status !== "diverged");
  return {
    title: "Between 2/λ₀ and 4/λ₀ the loss rises first, and gradient descent lands at a flatter minimum",
    panels: [
      { label: "training loss", height: 200, curves: named("loss.train", rising), logFrom: 1e-8 },
      { label: "sharpness λmax(H), loss/θ²", height: 200, curves: named("sharpness", staying) },
    ],
    numbers: rising
      .map((run) => {
        const losses = column(run, "loss.train").values;
        const [peak, last] = [
          Math.max(...losses.filter(Number.isFinite)),
          column(run, "sharpness").values.at(-1),
        ];
        return `ηλ₀ = ${num(rateOf(run) * start)}: loss at most ${num(peak / losses[0])} of its first, sharpness · η at the end ${num(last! * rateOf(run))}, ${run.status}`;
      })
      .join("; "),
  };
}

/** One learning rate and three activations: the same limit. */
function activations(runs: readonly RunModel[]): Drawn {
  const limit = limitsOf(runs[0]).sharpness;
  const named = runs.map((run) => {
    const { activation } = run.info.experiment.model as MlpSpec;
    return { run, label: activation, limit };
  });
  return edges(named, `Gradient descent sharpens until 2/η = ${num(limit)} with each activation`, [
    { label: "limit 2/η", value: limit, limit: true },
  ]);
}

/** One learning rate and four kinds of momentum: each at the limit that belongs to it. */
function momenta(runs: readonly RunModel[]): Drawn {
  const named = runs.map((run) => {
    const { nesterov, momentum } = run.info.experiment.optimizer as SgdSpec;
    return {
      run,
      label: `${nesterov ? "Nesterov" : "heavy ball"} β = ${momentum}`,
      limit: limitsOf(run).sharpness,
    };
  });
  named.sort((a, b) => b.limit - a.limit);
  return edges(
    named,
    "Momentum moves the edge: heavy ball up, Nesterov's down, each to its own limit",
    named.map(({ label, limit }) => ({ label, value: limit, limit: false })),
  );
}

interface Named {
  readonly run: RunModel;
  readonly label: string;
  readonly limit: number;
}

/** Sharpness and loss of runs that each rise to a limit. */
function edges(runs: readonly Named[], title: string, levels: readonly Level[]): Drawn {
  const colors = ["blue", "purple", "orange", "green"] as const;
  const named = (name: "loss.train" | "sharpness"): Curve[] =>
    runs.map(({ run, label }, i) => ({ label, column: column(run, name), color: colors[i] }));
  return {
    title,
    panels: [
      { label: "sharpness λmax(H), loss/θ²", height: 260, curves: named("sharpness"), levels },
      { ...lossPanel(named("loss.train")), logFrom: 1e-5 },
    ],
    numbers: runs
      .map(({ run, label, limit }) => {
        const { values } = column(run, "sharpness");
        const last = values.slice(-Math.floor(values.length / 4));
        return `${label}: first ${num(values[0])}, limit ${num(limit)}, last quarter: median ${num(median(last))}, from ${num(Math.min(...last))} to ${num(Math.max(...last))}, end ${num(values.at(-1))}, loss ${num(column(run, "loss.train").values.at(-1))}`;
      })
      .join("; "),
  };
}

/** A learning rate that the start does not bear, reached at once, soon, and slowly. */
function warmUp(all: readonly RunModel[]): Drawn {
  const colors = ["red", "orange", "purple", "blue"] as const;
  const stepsOf = ({ info }: RunModel): number => info.experiment.optimizer.schedule!.warmup;
  const runs = [...all].sort((a, b) => stepsOf(a) - stepsOf(b));
  const staying = runs.filter(({ status }) => status !== "diverged");
  const longest = runs[runs.length - 1];
  const named = (name: "loss.train" | "sharpness", of: readonly RunModel[]): Curve[] =>
    of.map((run) => ({
      label: stepsOf(run) === 0 ? "no warm-up" : `warm-up of ${stepsOf(run)} steps`,
      column: column(run, name),
      color: colors[runs.indexOf(run)],
    }));
  const limit = limitOver(longest, "sharpness", column(longest, "sharpness"))!;
  // It starts at infinity.
  const from = limit.values.findIndex((value) => value < 40);
  const shown = Column.of(limit.steps.subarray(from), limit.values.subarray(from));
  return {
    title: "Warmed up to, a learning rate drives the sharpness down before it; at once it diverges",
    panels: [
      {
        label: "sharpness λmax(H), loss/θ²",
        height: 220,
        curves: [
          ...named("sharpness", staying),
          { label: "2/η of the longest", column: shown, color: "red", faint: true },
        ],
        levels: [{ label: "2/η after it", value: 2 / rateOf(longest), limit: false }],
      },
      { label: "training loss", height: 160, curves: named("loss.train", runs), logFrom: 1e-3 },
    ],
    numbers: runs
      .map((run) => {
        const sharpness = column(run, "sharpness").values;
        const last = sharpness.slice(-Math.floor(sharpness.length / 4));
        return `${stepsOf(run)}: ${run.status} at step ${run.series.step}, sharpness first ${num(sharpness[0])}, last quarter: median ${num(median(last))} of ${num(limitsOf(run).sharpness)}, loss ${num(column(run, "loss.train").values.at(-1))}`;
      })
      .join("; "),
  };
}

/** The limits of the learning rate at the minimum reached, over the batch sizes of the verdict's map. */
function thresholds([run]: readonly RunModel[]): Drawn {
  const { map, settings, limits } = run.verdict!;
  const rows = map!.map(({ batchSize, largestStableLearningRate: limit, typicalLearningRate }) => ({
    batchSize,
    limit,
    // Every step on full batches is the same.
    typical: batchSize === settings.examples ? limit : typicalLearningRate!,
  }));
  const curve = (name: "limit" | "typical") =>
    Column.of(
      rows.map(({ batchSize }) => batchSize),
      rows.map((row) => row[name]),
    );
  return {
    title: "The largest stable learning rate rises with the batch size, to that of full batches",
    panels: [
      {
        label: "learning rate η",
        height: 260,
        curves: [
          { label: "mean-square limit", column: curve("limit"), color: "purple" },
          { label: "typical limit, batches of an epoch", column: curve("typical"), color: "orange" },
        ],
        levels: [{ label: "full batches 2/λmax", value: limits.mean!, limit: true }],
      },
    ],
    across: { label: "batch size B", last: settings.examples },
    numbers: `2/λmax ${num(limits.mean)}; ${rows.map(({ batchSize, limit, typical }) => `B = ${batchSize}: ${num(limit)}, typical ${num(typical)}`).join("; ")}; loss ${num(column(run, "loss.train").values.at(-1))}`,
  };
}

/** Four batch sizes at one learning rate: the smaller, the flatter the minimum. */
function alignment(all: readonly RunModel[]): Drawn {
  const colors = ["orange", "red", "purple", "blue"] as const;
  const sizeOf = ({ info }: RunModel): number => Number(info.experiment.optimizer.batchSize);
  const runs = all.filter((run) => rateOf(run) === 0.1).sort((a, b) => sizeOf(a) - sizeOf(b));
  const named = (name: MetricName): Curve[] =>
    runs.map((run, i) => ({ label: `B = ${sizeOf(run)}`, column: column(run, name), color: colors[i] }));
  return {
    title: "Smaller batches end at flatter minima",
    panels: [
      { label: "sharpness λmax(H), loss/θ²", height: 220, curves: named("sharpness") },
      { ...lossPanel(named("loss.train")), logFrom: 1e-6 },
    ],
    numbers: all
      .map(
        (run) =>
          `η = ${rateOf(run)}, B = ${sizeOf(run)}: ${run.status}, sharpness ${num(column(run, "sharpness").values.at(-1))}, loss ${num(column(run, "loss.train").values.at(-1))}`,
      )
      .join("; "),
  };
}

/** Sharpness passes its limit, the swing grows and pulls it down again, and dies out. */
function selfStabilization([run]: readonly RunModel[]): Drawn {
  const own = (name: MetricName) => column(run, name);
  const [sharpness, rate, fall, swing] = (
    ["sharpness", "sharpness.rate", "sharpness.fall", "displacement.sharp"] as const
  ).map(own);
  const limit = limitsOf(run).sharpness;
  // The first time that the swing pulls more than the gradient pushes, and the first after it with the sharpness below its limit.
  const from = fall.steps.findIndex(
    (step, i) => (sharpness.at(step) ?? 0) > limit && fall.values[i] > rate.values[i],
  );
  const to = sharpness.steps.findIndex((step, i) => step > fall.steps[from] && sharpness.values[i] < limit);
  const [a, b] = [fall.steps[from], sharpness.steps[to]];
  const middle = (sharpness.at(a)! + limit) / 2;
  const half = sharpness.steps.find((step, i) => step > a && sharpness.values[i] < middle)!;
  const told = (first: number, last: number): string => {
    const inside = [...rate.steps].flatMap((step, i) => (step >= first && step < last ? [i] : []));
    const sum = (values: Float64Array) => inside.reduce((total, i) => total + values[i], 0);
    const measured = sharpness.at(last)! - sharpness.at(first)!;
    return `steps ${first} to ${last}: gradient ${num(sum(rate.values))}, swing ${num(-sum(fall.values))}, measured ${num(measured)}`;
  };
  const growth = (step: number): string =>
    `at ${step} the swing × ${num(swing.at(step)! / swing.at(step - 1)!)}, ηS − 1 = ${num(rateOf(run) * sharpness.at(step)! - 1)}`;
  return {
    title: "Beyond 2/η the swing grows until it pulls the sharpness down, and dies out below",
    panels: [
      {
        label: "sharpness λmax(H), loss/θ²",
        height: 220,
        curves: [{ label: "sharpness", column: sharpness, color: "blue" }],
        levels: [{ label: "limit 2/η", value: limit, limit: true }],
      },
      {
        label: "swing, θ/step",
        height: 140,
        curves: [{ label: "displacement in the sharp subspace", column: swing, color: "orange" }],
        logFrom: 1e-8,
      },
      lossPanel([{ label: "training loss", column: own("loss.train"), color: "blue" }]),
    ],
    numbers: [
      told(800, 1580),
      told(a, half),
      told(a, b),
      told(b + 40, 1850),
      growth(a - 2),
      growth(b + 15),
      `sharpness at most ${num(Math.max(...sharpness.values))}, then at least ${num(Math.min(...sharpness.values.slice(to)))}`,
    ].join("; "),
  };
}

const lossPanel = (curves: readonly Curve[]): Panel => ({
  label: "training loss",
  height: 120,
  curves,
  logFrom: 1e-12,
});

const median = (values: Float64Array): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Trains every run of an example. @throws Error when the command line does not end with 0. */
async function trained(name: string, extra: readonly string[]): Promise<RunModel[]> {
  const runs = mkdtempSync(join(tmpdir(), "basin-pictures-"));
  try {
    const file = join(root, "examples", folders[name] ?? "", `${name}.basin.json`);
    const args = [join(root, "dist", "cli.js"), "run", file, "--runs", runs, ...extra];
    const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    if (status !== 0) throw new Error(`basin run ${file} ended with ${status}`);
    const records = await listRuns(runs);
    return records.map(({ folder, info, status, verdict, flag }) => ({
      key: folder,
      label: info.id,
      info,
      status,
      verdict,
      flag,
      series: readSeries(folder),
    }));
  } finally {
    rmSync(runs, { recursive: true });
  }
}

/** The picture of README's own, which is of no experiment. */
const ofReadme = "mean-square";

const named = process.argv.slice(2);
const unknown = named.filter((name) => name !== ofReadme && !Object.hasOwn(examples, name));
if (unknown.length > 0) {
  process.stderr.write(
    `No picture of ${unknown.join(", ")}; there are ${[...Object.keys(examples), ofReadme].join(", ")}.\n`,
  );
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const [name, draw] of Object.entries(examples)) {
  if (named.length > 0 && !named.includes(name)) continue;
  // These are decided in a few dozen steps; the rest of the run is level lines.
  const enough = { "two-minima": 60, catapult: 24 }[name];
  const runs = await trained(name, enough === undefined ? [] : ["--set", `stop.steps=${enough}`]);
  const { title, panels, numbers, across } = draw(runs);
  const lastStep = across?.last ?? Math.max(...runs.map(({ series }) => series.step));
  const into = folders[name] ? join(root, "examples", folders[name]) : folder;
  writeFileSync(join(into, `${name}.svg`), picture(title, panels, lastStep, across?.label));
  process.stdout.write(`${name}: ${numbers}\n`);
}
if (named.length === 0 || named.includes(ofReadme)) {
  const { svg, numbers } = await meanSquare();
  const file = join(root, "media", "readme", `${ofReadme}.png`);
  writeFileSync(file, await rasterize(svg, join(root, "dist", "png")));
  process.stdout.write(`${ofReadme}: ${numbers}\n`);
}
