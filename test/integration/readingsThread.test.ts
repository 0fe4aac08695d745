// Readings on a thread of their own: the same as in the thread that trains, bit for bit, in the same order, whatever ends the run.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { plainMeter } from "../../src/curvature/meter";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import type { RunEvent } from "../../src/protocol/events";
import type { EventLog } from "../../src/record/disk/eventLog";
import { ActiveProbes, type Moment } from "../../src/run/activeProbes";
import { Measuring } from "../../src/run/measuring";
import { ReadingsThread } from "../../src/run/readings/thread";
import { engineOf } from "../../src/trainers/basin/engineOf";
import { Problem } from "../../src/trainers/basin/problem";
import { Trainer } from "../../src/trainers/basin/trainer";
import { resume, root, seriesOf, startRun, temporary, tensorsOf } from "../support/runs";

const experiment = {
  data: { source: "chebyshev" },
  model: { kind: "mlp", hidden: [12, 8], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05 },
  stop: { steps: 120_000 },
  probes: { sharpness: { every: 10 } },
  closing: { seconds: 0.001 },
};

/** A training of `more` and a thread for its readings, which is ready. */
async function opened(more: object) {
  const file = join(temporary(), "own.basin.json");
  const [{ experiment: own }] = checkExperiment(JSON.stringify({ ...experiment, ...more }), file).points;
  const problem = await Problem.load(own, file, await engineOf(own, file));
  const trainer = await Trainer.open(problem, null, plainMeter());
  await trainer.computeGradient();
  const events: RunEvent[] = [];
  const log = { add: (event: RunEvent) => void events.push(event) } as EventLog;
  const probes = new ActiveProbes(own, log, null);
  const thread = new ReadingsThread(
    problem,
    trainer.snapshot(),
    { probes, log },
    join(root, "dist", "run.js"),
  );
  onTestFinished(() => thread.end());
  while (!thread.isReady) await new Promise((done) => setTimeout(done, 5));
  return { trainer, probes, thread, events, measuring: new Measuring(own) };
}

const momentOf = (step: number): Moment => ({
  step,
  time: () => step,
  learningRate: 0.05,
  loss: 1,
  more: () => ({}),
});

describe("asked", () => {
  test.each([
    { optimizer: { kind: "sgd", learningRate: 0.05, momentum: 0.5, batchSize: 5 } },
    { optimizer: { kind: "adam", learningRate: 0.002 } },
    { optimizer: { kind: "sgd", learningRate: 0.05, sam: { radius: 0.05 } } },
  ])("with $optimizer it reads and remembers what training's own thread does", async (more) => {
    const probes = { sharpness: { every: 1, top: 2, min: true }, noise: { every: 3 }, layers: { every: 5 } };
    const { trainer, probes: active, thread, events, measuring } = await opened({ ...more, probes });
    await thread.remember(measuring.memories);
    const own: RunEvent[] = [];
    const ownProbes = new ActiveProbes(
      trainer.problem.experiment,
      { add: (event: RunEvent) => void own.push(event) } as EventLog,
      null,
    );
    // More than there are places: training waits for some of them.
    for (let i = 0; i < 100; i++) {
      const { step } = trainer;
      for (const asked of measuring.asked)
        if (step % asked.every === 0)
          ownProbes.writeAll([await measuring.take(asked, trainer.point(), step)], momentOf(step));
      await thread.read(trainer.snapshot(), momentOf(step));
      trainer.advance();
      await trainer.computeGradient();
    }
    let told = measuring.memories;
    await thread.tell((memories) => (told = memories));
    await thread.settle();
    const bare = (all: readonly RunEvent[]) => all.map((event) => ({ ...event, cost: null }));
    expect(bare(events)).toEqual(bare(own));
    expect(events.length).toBeGreaterThan(100);
    expect(told).toEqual(measuring.memories);
    expect(active.state(99)).toMatchObject({ limits: ownProbes.state(99).limits });
  });

  test("what training says, and what is to be kept, waits for the readings asked for before", async () => {
    const { trainer, probes, thread, events } = await opened({});
    await thread.remember(probes.memories);
    const spoken: (number | string)[] = [];
    for (let step = 0; step < 50; step += 10) {
      await thread.read(trainer.snapshot(), momentOf(step));
      thread.add({ kind: "note", step: step + 1, message: "between" });
      await thread.tell(() => spoken.push(events.length));
    }
    await thread.settle();
    expect(events.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 5 }, () => ["metrics", "note"]).flat(),
    );
    // Each is told after the note that was said before it was asked for.
    expect(spoken).toEqual([2, 4, 6, 8, 10]);
    thread.add({ kind: "note", step: 50, message: "at once" });
    expect(events).toHaveLength(11);
  });

  test("its error is one of whoever asks next, in its own words", async () => {
    const { trainer, thread } = await opened({});
    await thread.remember(new Map([["sharpness", { tensors: new Map(), rng: null as never }]]));
    await expect(thread.settle()).rejects.toThrow("Cannot convert undefined or null to object");
    await expect(thread.read(trainer.snapshot(), momentOf(10))).rejects.toThrow();
  });

  test("an answer that cannot be written is an error of whoever asks next", async () => {
    const { trainer, probes, thread } = await opened({});
    await thread.remember(probes.memories);
    await thread.tell(() => {
      throw new Error("the disk is full");
    });
    await expect(thread.settle()).rejects.toThrow("the disk is full");
    await expect(thread.read(trainer.snapshot(), momentOf(10))).rejects.toThrow("the disk is full");
  });
});

const checkpointOf = (run: string, step: number) =>
  tensorsOf(join(run, "checkpoints", `step-${step}.safetensors`));

/** Where a run's process has got to. */
const reached = (run: string): number => {
  try {
    const steps = readdirSync(join(run, "checkpoints")).map((name) => Number(/\d+/.exec(name)?.[0] ?? 0));
    return Math.max(0, ...steps);
  } catch {
    return 0;
  }
};

test.each(["SIGKILL", "SIGINT"] as const)(
  "a run of two threads ended by %s and gone on with is the run of one thread",
  { timeout: 120_000 },
  async (signal) => {
    const alone = startRun(temporary(), { ...experiment, threads: 1 });
    expect(await alone.exited).toBe(0);
    const { run, child, exited } = startRun(temporary(), { ...experiment, threads: 2 });
    while (reached(run) < 50_000 && child.exitCode === null) await new Promise((done) => setTimeout(done, 2));
    child.kill(signal);
    expect(await exited, "it was still training").toBe(signal === "SIGINT" ? 130 : null);
    expect(reached(run)).toBeLessThan(120_000);
    expect(resume(run)).toBe(0);
    const [a, b] = [alone.run, run].map((one) => checkpointOf(one, 120_000));
    expect([...a.keys()]).toEqual([...b.keys()]);
    for (const [name, { data }] of a) expect(b.get(name)!.data, name).toEqual(data);
    const [own, other] = [alone.run, run].map((one) => {
      const { steps, values } = seriesOf(one).column("sharpness");
      return { steps: [...steps], values: [...values] };
    });
    expect(own.steps.length).toBe(12_001);
    expect(other).toEqual(own);
  },
);

describe("a run", () => {
  /** A run of steps without end, and the file where what its thread answered is counted. */
  const watched = (cores: "idle" | "busy", threads: number) => {
    const folder = temporary();
    const file = join(folder, "answers");
    const ahead = {
      module: join(root, "test", "fixtures", "readingsThreadWatch.mjs"),
      env: { BASIN_CORES: cores, BASIN_WATCH: file },
    };
    return { file, ...startRun(folder, { ...experiment, threads, stop: { steps: 1e9 } }, ahead) };
  };
  const soon = () => new Promise((done) => setTimeout(done, 10));

  test("has its readings from the thread, where a core is free", { timeout: 60_000 }, async () => {
    const { file, run, child, exited } = watched("idle", 2);
    const answers = (): number => (existsSync(file) ? Number(readFileSync(file, "utf8")) : 0);
    while (answers() < 100 && child.exitCode === null) await soon();
    child.kill("SIGINT");
    expect(await exited).toBe(130);
    const { steps } = seriesOf(run).column("sharpness");
    // All that it answered are in the log, in the order of the steps and beside those that training read before.
    expect(steps.length).toBeGreaterThan(answers());
    expect(answers()).toBeGreaterThanOrEqual(100);
    expect([...steps]).toEqual(Array.from(steps, (_, i) => 10 * i));
  });

  test.each([
    { cores: "busy", threads: 2 },
    { cores: "idle", threads: 1 },
  ] as const)("has none with $cores cores and $threads threads", { timeout: 60_000 }, async (of) => {
    const { file, run, child, exited } = watched(of.cores, of.threads);
    // By then it has decided many times over.
    while (reached(run) < 40_000 && child.exitCode === null) await soon();
    child.kill("SIGINT");
    expect(await exited).toBe(130);
    expect(seriesOf(run).column("sharpness").steps.length).toBeGreaterThan(3000);
    expect(existsSync(file)).toBe(false);
  });
});
