// The cases of `../shared/cases`, each through the built command line: the right value of its NOTE.md, or one computed in dense float64 from it.
import { execFile } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root, temporary } from "../support/runs";

const cli = join(root, "dist", "cli.js");
const shared = join(root, "..", "shared", "cases");

interface Measured {
  readonly parameters: number;
  readonly notes: readonly string[];
  readonly metrics: Readonly<Record<string, number | readonly number[]>>;
  readonly verdict: { readonly verdict: string };
}
type Change = Record<string, Record<string, unknown>>;

/** Measures a copy of a case, with settings of it changed. */
function measured(name: string, change: Change = {}) {
  const folder = temporary();
  cpSync(join(shared, name), folder, { recursive: true });
  const file = join(folder, "case.basin.json");
  const experiment = JSON.parse(readFileSync(file, "utf8")) as Change;
  for (const [key, value] of Object.entries(change)) experiment[key] = { ...experiment[key], ...value };
  return command(file, experiment);
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not spawnSync: it would keep the test runner from answering. */
async function command(file: string, experiment: object): Promise<Outcome> {
  writeFileSync(file, JSON.stringify(experiment));
  return new Promise((done) =>
    execFile(
      process.execPath,
      [cli, "measure", file, "--json"],
      { maxBuffer: 2 ** 27 },
      (error, stdout, stderr) => done({ status: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  );
}

async function read(name: string, change: Change = {}): Promise<Measured> {
  const { status, stdout, stderr } = await measured(name, change);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Measured;
}

/** float32 weights and a float32 forward pass. */
const relative = 2e-5;

interface Right {
  readonly case: string;
  readonly change?: Change;
  readonly d?: number;
  /** What a note must say. */
  readonly note?: RegExp;
  readonly verdict?: string;
  readonly metrics?: Readonly<Record<string, number>>;
}

const right: readonly Right[] = [
  { case: "csv-pandas-index", d: 27, note: /first column has no name/, metrics: { sharpness: 0.8341 } },
  { case: "csv-semicolon-decimal", change: { data: { separator: ";", decimal: "," } } },
  {
    case: "few-distinct-rows",
    verdict: "unstable-variance",
    metrics: { "stability.varianceLimit": 0.0194448, "stability.growth": 3.65766 },
  },
  // NumPy's eigvalsh of (2/n) XᵀX, and 2 λmax(mean of (xxᵀ)² − its square)^½.
  {
    case: "huge-features",
    d: 4,
    metrics: { sharpness: 1379212439167.6, nonuniformity: 1060864049265.8 },
  },
  { case: "labels-from-1", change: { data: { only: [1, 2, 3] } }, d: 35 },
  { case: "npz-channels-last", note: /"nhwc"/ },
  { case: "npz-channels-last", change: { data: { layout: "nhwc" } }, d: 231 },
  {
    case: "onnx-const_floats",
    d: 27,
    metrics: { "loss.train": 1.617143, gradNorm: 2.953196, sharpness: 3.304223 },
  },
  { case: "onnx-external-data", d: 419, metrics: { "loss.train": 1.17002, sharpness: 7.512668 } },
  // The three without numbers in their notes: PyTorch in float64 on the file's weights.
  {
    case: "onnx-gemm_alpha",
    d: 27,
    metrics: { "loss.train": 1.1247169, gradNorm: 0.590067, sharpness: 0.5502323, trace: 1.9422954 },
  },
  {
    case: "onnx-matmul_const_left",
    d: 31,
    metrics: { "loss.train": 1.8099475, gradNorm: 3.1760452, sharpness: 3.295931, trace: 11.183586 },
  },
  {
    case: "onnx-torch2-mha",
    d: 91,
    note: /val_69: taken for constant/,
    metrics: { "loss.train": 1.0999461, gradNorm: 0.1590348, sharpness: 0.4730778, trace: 0.8895218 },
  },
  { case: "onnx-shape_start_end", metrics: { "loss.train": 1.234512, sharpness: 1.299081 } },
  // The file no longer holds the normalization: what it is, is measured, and that it is another network is said.
  { case: "onnx-torch2-bn1d", d: 43, note: /folded/, metrics: { sharpness: 0.818015 } },
  { case: "onnx-torch2-norm_in", d: 43, metrics: { gradNorm: 0.502913, sharpness: 1.1534 } },
  { case: "onnx-torch2-tied", d: 35, note: /transposed/, metrics: { sharpness: 0.888127, trace: 0.754382 } },
  { case: "saddle", verdict: "saddle", metrics: { sharpness: 1.059176, "eigenvalue.min": -1.059176 } },
  { case: "safetensors-bn-int64", d: 210, metrics: { "loss.train": 1.360502, sharpness: 2.218438 } },
];

/** What is refused, and in which words. */
const refused: readonly (readonly [string, RegExp])[] = [
  ["csv-semicolon-decimal", /data\.csv.*";".*Set data\.separator to ";"/s],
  ["labels-from-1", /data\.npz.*found 1, 2, 3.*data\.only to \[1, 2, 3\]/s],
  ["weights-nan", /w\.safetensors.*"0\.bias" holds NaN at \[1\]/s],
];

describe.skipIf(!existsSync(shared))("the shared cases (skipped where ../shared/cases is missing)", () => {
  test("every case has its right value or its refusal here", () => {
    const known = new Set([...right.map((one) => one.case), ...refused.map(([name]) => name), "hostile"]);
    expect(readdirSync(shared).filter((name) => !known.has(name))).toEqual([]);
  });

  test.each(right)("$case: what NOTE.md calls right $change", async ({ case: name, change, ...wanted }) => {
    const { parameters, notes, metrics, verdict } = await read(name, change);
    if (wanted.d !== undefined) expect(parameters).toBe(wanted.d);
    if (wanted.note) expect(notes.join("\n")).toMatch(wanted.note);
    if (wanted.verdict !== undefined) expect(verdict.verdict).toBe(wanted.verdict);
    for (const [metric, value] of Object.entries(wanted.metrics ?? {})) {
      const found = metrics[metric] as number;
      expect(Math.abs(found - value), `${metric} ${found}, right ${value}`).toBeLessThan(
        relative * Math.abs(value) + 5e-5 * Number(metric === "sharpness" && name.startsWith("csv")),
      );
      // Where the truth is known to more digits than the bar, the bar must hold it.
      const bar = metrics[`${metric}.error`];
      if (name === "huge-features") expect(Math.abs(found - value)).toBeLessThanOrEqual(bar as number);
    }
  });

  test("huge features: the second eigenvalue lies within its bar", async () => {
    const { metrics } = await read("huge-features");
    const [values, bars] = ["eigenvalues", "eigenvalues.error"].map((key) => metrics[key] as number[]);
    expect(Math.abs(values[1] - 825753.846)).toBeLessThanOrEqual(bars[1]);
  });

  test.each(refused)("%s is refused in words that say what to do", async (name, words) => {
    const { status, stdout, stderr } = await measured(name);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  const damaged = join(shared, "hostile", "onnx-missing-inputs");
  const models = existsSync(damaged) ? readdirSync(damaged).filter((file) => file.endsWith(".onnx")) : [];
  test.each(models)("damaged model %s: the error names file, node and op", async (model) => {
    const folder = temporary();
    cpSync(damaged, folder, { recursive: true });
    const run = (data: string) =>
      command(join(folder, "case.basin.json"), {
        data: { source: "npz", file: data, scale: "none" },
        model: { onnx: model },
        loss: "mse",
        optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 2 },
        stop: { steps: 5 },
      });
    const outcomes = [await run("d1.npz"), await run("d3.npz")];
    for (const { status, stderr } of outcomes) {
      expect(stderr).not.toMatch(/Cannot read|internal:|^\s+at /m);
      expect(status, stderr).toBe(2);
    }
    expect(
      outcomes.some(({ stderr }) => new RegExp(`${model}: .*[Nn]ode .+\\(\\w+\\)`).test(stderr)),
      outcomes[0].stderr + outcomes[1].stderr,
    ).toBe(true);
  });

  test("an archive of overlapping entries is refused before it is unpacked", async () => {
    const folder = temporary();
    cpSync(join(shared, "hostile", "zip-overlap"), folder, { recursive: true });
    const { status, stderr } = await command(join(folder, "case.basin.json"), {
      data: { source: "npz", file: "zipbomb.npz", scale: "none" },
      model: { kind: "mlp", hidden: [3], activation: "tanh" },
      loss: "mse",
      optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 2 },
      stop: { steps: 5 },
    });
    expect(stderr).toMatch(/zipbomb\.npz/);
    expect(status).toBe(2);
  });
});
