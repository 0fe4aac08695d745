// What a run may meet: a full disk, a kill, a file changed by hand, its own divergence. Nothing is lost, nothing changes, and it says so.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventsOf, resume, root, runOf, seriesOf, startRun, temporary, tensorsOf } from "../support/runs";

const script = join(root, "dist", "run.js");
const everyProbe = {
  sharpness: { every: 5, top: 2 },
  noise: { every: 10 },
  generalization: { every: 5 },
  gradientNoise: { every: 10 },
  smoothness: { every: 10 },
  spectrum: { every: 15, of: "both", steps: 5, starts: 2 },
  layers: { every: 5 },
  manifold: { every: 5 },
};
const experiment = (more: object = {}) => ({
  name: "fault",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 8 },
  // Three parameters in the last layer: as many as a tracker has counters.
  model: { kind: "mlp", hidden: [10, 2], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 3, momentum: 0.5 },
  stop: { steps: 60 },
  closing: "full",
  probes: everyProbe,
  checkpoints: { every: 20 },
  ...more,
});

/** Every reading of every probe by step, metric by metric, as the fold that all surfaces share has it after a resume. */
function readingsOf(run: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  let closing = false;
  for (const event of eventsOf(run)) {
    if (event.kind === "header" && event.resumedAt !== undefined)
      for (const key of [...found.keys()])
        if (Number(key.split(" ")[0]) >= Number(event.resumedAt)) found.delete(key);
    if (event.kind !== "metrics" || event.probe === undefined) continue;
    closing ||= event.probe === "verdict";
    for (const [name, value] of Object.entries(event.values as object))
      found.set(`${String(event.step)} ${event.probe as string} ${name}`, value);
  }
  expect(closing, "the run was judged").toBe(true);
  return found;
}

const last = (run: string) => eventsOf(run).at(-1)!;
const verdictOf = (run: string): unknown => {
  const { readings, limits, verdict } = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")) as Record<
    string,
    unknown
  >;
  return { readings, limits, verdict };
};

describe("a resume", () => {
  /** Curvature is that of what the examples see of its first layer. */
  const wide = {
    data: { source: "teacher", inputs: 3000, outputs: 2, hidden: [4], examples: 20, testExamples: 4 },
    model: { kind: "mlp", hidden: [220, 4], activation: "tanh" },
    probes: { sharpness: { every: 5, top: 2 }, noise: { every: 10 } },
  };

  /** Too many rows for their whole Gram matrix. */
  const many = {
    data: { source: "chebyshev", degree: 3, examples: 400, testExamples: 8 },
    model: { kind: "mlp", hidden: [40, 10], activation: "tanh" },
    optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 20 },
    probes: { sharpness: { every: 5, top: 2 }, noise: { every: 10, rank: 8 } },
  };

  test.each([
    ["those of layers and the limit in force among them", {}, ["45 layers sharpness.layers"]],
    ["also with fewer examples than inputs", wide, []],
    ["also where the search for factors goes on from the last one", many, []],
  ])("repeats every running and closing reading bit for bit, %s", async (_, more, there) => {
    const { run, exited } = startRun(temporary(), experiment(more));
    expect(await exited).toBe(0);
    const [readings, verdict] = [readingsOf(run), verdictOf(run)];
    expect([...readings.keys()]).toEqual(expect.arrayContaining([...there, "25 sharpness stability.limit"]));
    for (const step of [40, 60]) rmSync(join(run, "checkpoints", `step-${step}.safetensors`));
    expect(resume(run)).toBe(0);
    const again = readingsOf(run);
    expect([...again.keys()].sort()).toEqual([...readings.keys()].sort());
    for (const [key, value] of readings) expect(again.get(key), key).toEqual(value);
    expect(verdictOf(run)).toEqual(verdict);
  });

  test("at the last step takes no reading twice and changes none", async () => {
    const { run, exited } = startRun(temporary(), experiment());
    expect(await exited).toBe(0);
    const [readings, verdict] = [readingsOf(run), verdictOf(run)];
    const costs = (events: readonly Record<string, unknown>[]) =>
      events.filter(({ kind, probe, step }) => kind === "metrics" && probe === "noise" && step === 60);
    const before = costs(eventsOf(run));
    expect(resume(run)).toBe(0);
    // The very reading with its cost and time, written again and not taken again.
    const all = costs(eventsOf(run));
    expect(all).toHaveLength(2 * before.length);
    expect(all.slice(before.length)).toEqual(before);
    expect([...readingsOf(run)].sort()).toEqual([...readings].sort());
    expect(verdictOf(run)).toEqual(verdict);
  });

  test("with a setting that the schema refuses is refused, naming file, line and key", () => {
    const run = runOf(temporary(), experiment());
    expect(spawnSync(process.execPath, [script, "start", run]).status).toBe(0);
    const path = join(run, "run.json");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/"learningRate": 0.05/, '"learningRate": "fast"'));
    const { status, stderr } = spawnSync(process.execPath, [script, "resume", run], { encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/run\.json:\d+:\d+: experiment\.optimizer\.learningRate: .*number.*fast/s);
    expect(stderr).not.toMatch(/^\s+at /m);
    // The log's end still holds.
    expect(last(run)).toMatchObject({ kind: "end", reason: "steps", step: 60 });
  });
});

test("the readings up to a checkpoint are on the disk before it is", async () => {
  const { run, exited } = startRun(temporary(), experiment({ stop: { steps: 40 } }));
  expect(await exited).toBe(0);
  const events = eventsOf(run);
  const at = events.findIndex(({ kind, step }) => kind === "checkpoint" && step === 20);
  // Everything before step 20 stands before its checkpoint's line, so a kill right after the rename loses none of it.
  const before = events.slice(0, at).filter(({ kind }) => kind === "metrics");
  expect(before.map(({ step }) => step)).toEqual(expect.arrayContaining([0, 5, 10, 15]));
  expect(readdirSync(join(run, "checkpoints")).filter((name) => name.startsWith("."))).toEqual([]);
});

// A limit on the size of files is what a test may set; to the process it is a disk that takes no more.
test.skipIf(process.platform === "win32")(
  "a full disk ends the run with a clear word and status 1; with room again it goes on and ends as if nothing had been",
  async () => {
    const more = {
      stop: { steps: 4000 },
      probes: { sharpness: { every: 1, top: 1 } },
      checkpoints: { every: 500 },
    };
    const whole = startRun(temporary(), experiment(more));
    expect(await whole.exited).toBe(0);
    const run = runOf(temporary(), experiment(more));
    // 512-byte blocks in sh; a fraction of what the whole log takes.
    const size = readFileSync(join(whole.run, "events.jsonl")).length;
    const blocks = Math.floor(size / 2 / 512);
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", `ulimit -f ${blocks}; trap '' XFSZ; exec "$0" "$1" start "$2"`, process.execPath, script, run],
      { encoding: "utf8" },
    );
    expect(status, stderr).toBe(1);
    expect(stderr).toMatch(/The disk is full .*the run ended at step \d+/s);
    expect(stderr).toMatch(/basin resume/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(join(run, "verdict.json"))).toBe(false);
    expect(resume(run)).toBe(0);
    const name = "step-4000.safetensors";
    const [a, b] = [whole.run, run].map((folder) => tensorsOf(join(folder, "checkpoints", name)));
    for (const [tensor, { data }] of a) expect(b.get(tensor)!.data, tensor).toEqual(data);
    const columns = [whole.run, run].map((folder) => seriesOf(folder).column("sharpness"));
    expect([...columns[1].steps]).toEqual([...columns[0].steps]);
    expect([...columns[1].values]).toEqual([...columns[0].values]);
  },
);

test("a run that ends in an error says at which step", async () => {
  const long = { stop: { minutes: 10 }, checkpoints: { every: 2000 }, probes: {} };
  const { run, exited } = startRun(temporary(), experiment(long));
  while (!existsSync(join(run, "checkpoints", "step-0.safetensors")))
    await new Promise((done) => setTimeout(done, 20));
  // Its next checkpoint has no place any more.
  rmSync(join(run, "checkpoints"), { recursive: true });
  expect(await exited).toBe(1);
  const { kind, reason, step } = last(run);
  expect({ kind, reason }).toEqual({ kind: "end", reason: "error" });
  expect(Number(step)).toBeGreaterThan(0);
  expect(Number(step) % 2000).toBe(0);
});

test.each([
  { batchSize: "full" as const, loss: "loss.train", gradNorm: "gradNorm" },
  { batchSize: 3, loss: "loss.batch", gradNorm: "gradNorm.batch" },
])("a run that diverges keeps its last steps one by one: $loss", async ({ batchSize, loss, gradNorm }) => {
  const optimizer = { kind: "sgd", learningRate: 3, batchSize };
  // So many steps that not every one is logged.
  const { run, exited } = startRun(
    temporary(),
    experiment({
      optimizer,
      stop: { steps: 1_000_000 },
      probes: {},
      model: { kind: "mlp", hidden: [10], activation: "linear" },
    }),
  );
  expect(await exited).toBe(0);
  const series = seriesOf(run);
  const at = series.diverged!.step;
  const { steps, values } = series.column(loss);
  const shown = [...steps].filter((step) => step > at - 1000);
  expect(shown).toEqual(Array.from({ length: Math.min(at + 1, 1000) }, (_, i) => at - Math.min(at, 999) + i));
  const finite = [...values].filter(Number.isFinite);
  expect(finite.at(-1)!).toBeGreaterThan(10 * finite[0]);
  expect(series.column(gradNorm).length).toBe(shown.length);
});

test("a closing measurement without time judges nothing, says what it left out, and ends", async () => {
  const { run, exited } = startRun(temporary(), experiment({ closing: { seconds: 0 }, probes: {} }));
  expect(await exited).toBe(0);
  const verdict = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")) as {
    verdict: string;
    evidence: string[];
    minimum: { gradNorm: number };
  };
  expect(verdict.verdict).toBe("inconclusive");
  expect(verdict.minimum.gradNorm).toBeGreaterThan(0);
  expect(verdict.evidence.join("\n")).toMatch(/Left out: sharpness\./);
  const notes = eventsOf(run).filter(({ kind }) => kind === "note");
  expect(notes.map(({ message }) => message)).toContain("Left out: sharpness.");
  expect(last(run)).toMatchObject({ kind: "end", reason: "steps" });
});

test("a copy of a run folder resumes like the folder it was copied from", async () => {
  const { run, exited } = startRun(temporary(), experiment({ probes: { layers: { every: 5 } } }));
  expect(await exited).toBe(0);
  const place = temporary();
  const copied = runOf(place, experiment());
  copyFileSync(join(run, "run.json"), join(copied, "run.json"));
  spawnSync("cp", ["-r", join(run, "checkpoints"), join(run, "events.jsonl"), copied]);
  for (const step of [40, 60]) rmSync(join(copied, "checkpoints", `step-${step}.safetensors`));
  expect(resume(copied)).toBe(0);
  expect([...readingsOf(copied)].sort()).toEqual([...readingsOf(run)].sort());
});
