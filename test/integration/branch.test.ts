// Going on from a checkpoint: resume is exact for every optimizer; branch takes along what still means the same.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, resume, root, startRun, temporary, tensorsOf } from "../support/runs";

const experiment = (optimizer: object) => ({
  name: "tiny",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 0 },
  model: { kind: "mlp", hidden: [8], activation: "tanh" },
  loss: "mse",
  optimizer: { learningRate: 0.01, batchSize: 5, ...optimizer },
  stop: { steps: 60 },
  probes: { sharpness: { every: 15 } },
  checkpoints: { every: 20 },
});

const expectSame = (a: string, b: string): void => {
  // What the verdict looks back on is each run's own: a branch has had no readings yet.
  const [x, y] = [a, b].map(
    (file) => new Map([...tensorsOf(file)].filter(([name]) => !name.startsWith("course."))),
  );
  expect([...x.keys()]).toEqual([...y.keys()]);
  for (const [name, { data }] of x) expect(y.get(name)!.data, name).toEqual(data);
};

test.each([
  { kind: "sgd", momentum: 0.9, weightDecay: 0.1 },
  { kind: "sgd", momentum: 0.9, sam: { radius: 0.05 } },
  { kind: "sgd", batchSize: "full", sam: { radius: 0.05 } },
  { kind: "rmsprop", momentum: 0.5 },
  { kind: "adam", schedule: { kind: "cosine", warmup: 30 } },
  { kind: "adamw", schedule: { kind: "step", every: 7 }, clip: 0.1 },
])("a run with %j resumes bit-exactly", async (optimizer) => {
  const { run, exited } = startRun(temporary(), experiment(optimizer));
  expect(await exited).toBe(0);
  const last = join(run, "checkpoints", "step-60.safetensors");
  const kept = join(run, "whole.safetensors");
  writeFileSync(kept, readFileSync(last));
  for (const step of [40, 60]) rmSync(join(run, "checkpoints", `step-${step}.safetensors`));
  expect(resume(run)).toBe(0);
  expect(eventsOf(run).filter(({ kind }) => kind === "header")[1]).toMatchObject({ resumedAt: 20 });
  expectSame(last, kept);
});

const cli = join(root, "dist", "cli.js");
function workspace(optimizer: object, more: object = {}) {
  const cwd = temporary();
  writeFileSync(join(cwd, "tiny.basin.json"), JSON.stringify({ ...experiment(optimizer), ...more }));
  const basin = (...args: string[]) =>
    spawnSync(process.execPath, [cli, ...args], { cwd, encoding: "utf8", timeout: 50_000 });
  const runs = () =>
    readdirSync(join(cwd, ".basin", "runs"))
      .filter((id) => !id.startsWith("."))
      .map((id) => join(cwd, ".basin", "runs", id));
  expect(basin("run", "tiny.basin.json").status).toBe(0);
  const [first] = runs();
  return { basin, first, branched: () => runs().find((run) => run !== first)! };
}
const infoOf = (run: string) => JSON.parse(readFileSync(join(run, "run.json"), "utf8"));

test("a branch without other settings repeats the run, is a run of its own and says where it comes from", () => {
  const { basin, first, branched } = workspace({ kind: "adam" });
  const { status, stderr } = basin("branch", "latest", "--step", "20");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const run = branched();
  expect(infoOf(run)).toMatchObject({
    branchedFrom: { run: first.split("/").at(-1), step: 20 },
    overrides: {},
  });
  expectSame(
    join(run, "checkpoints", "step-60.safetensors"),
    join(first, "checkpoints", "step-60.safetensors"),
  );
});

test("a branch takes --set, also another kind of optimizer, whose state then starts anew", () => {
  const { basin, branched } = workspace({ kind: "sgd", momentum: 0.9 });
  const { status, stderr } = basin(
    ...["branch", "latest", "--step", "40", "--set", "optimizer.kind=adam"],
    ...["--set", "optimizer.learningRate=0.001", "--set", "stop.steps=41"],
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const run = branched();
  expect(run).toMatch(/lr0\.001-b5/);
  expect(infoOf(run).experiment.optimizer).toMatchObject({ kind: "adam", learningRate: 0.001, beta2: 0.999 });
  const at = (step: number) => tensorsOf(join(run, "checkpoints", `step-${step}.safetensors`));
  const [before, after] = [at(40), at(41)];
  // Adam's first step is the learning rate in each coordinate: the bias correction counts from the branch.
  const [x, y] = [before, after].map((tensors) => tensors.get("0.weight")!.data);
  x.forEach((value, i) => expect(Math.abs(y[i] - value)).toBeCloseTo(0.001, 5));
});

test.each([
  [["--step", "30"], /no checkpoint at step 30[\s\S]*0, 20, 40, 60/],
  [["--step", "60"], /nothing to train: stop\.steps is 60[\s\S]*--set stop\.steps/],
  [[], /--step is missing/],
  [["--step", "20", "--set", "optimizer.learnigRate=1"], /--set: optimizer\.learnigRate[\s\S]*learningRate/],
])("branch %j is a clear mistake", (args, message) => {
  const { basin, branched } = workspace({ kind: "sgd" });
  const { status, stderr } = basin("branch", "latest", ...args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(status).toBe(2);
  expect(branched()).toBeUndefined();
});

test("escape: what the prediction calls unstable leaves at the predicted rate, what it calls stable stays", () => {
  const { basin } = workspace(
    { learningRate: 0.05, batchSize: "full" },
    {
      model: { kind: "mlp", hidden: [20], activation: "tanh" },
      stop: { steps: 8000 },
      probes: {},
      checkpoints: { every: 8000 },
    },
  );
  const verdict = JSON.parse(basin("verdict", "latest", "--json").stdout);
  expect(verdict.atMinimum).toBe(true);
  const escape = (share: number, batchSize: number | string) => {
    const rate = `optimizer.learningRate=${share * verdict.limits.mean}`;
    const batch = `optimizer.batchSize=${batchSize}`;
    const { status, stdout, stderr } = basin(
      ...["escape", "latest", "--set", rate, "--set", batch, "--steps", "100", "--json"],
    );
    expect(stderr).not.toMatch(/rror/);
    expect(status).toBe(0);
    const { predicted, measured, seeds } = JSON.parse(stdout);
    expect(seeds).toHaveLength(5);
    return { left: measured.left as number, ratio: measured.growth / predicted.growth };
  };
  const above = escape(1.1, "full");
  expect(above.left).toBe(5);
  expect(Math.abs(above.ratio - 1)).toBeLessThan(0.02);
  // Stable in the mean, but not against the noise of single examples; five seeds tell ρ only roughly.
  const noisy = escape(0.8, 1);
  expect(noisy.left).toBe(5);
  expect(Math.abs(noisy.ratio - 1)).toBeLessThan(0.2);
  expect(escape(0.5, "full").left).toBe(0);
});
