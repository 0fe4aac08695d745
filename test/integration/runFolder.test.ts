// Real run processes and real signals: what they leave on the disk, however they end.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readRun } from "../../src/launchers";
import { decodeNum, type Num } from "../../src/protocol/numbers";
import { eventsOf, resume, seriesOf, startRun, temporary, tensorsOf } from "../support/runs";

const experiment = (stop: object, learningRate = 0.05, more: object = {}) => ({
  name: "short",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 8 },
  model: { kind: "mlp", hidden: [12], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate, batchSize: 3, momentum: 0.5 },
  stop,
  probes: { sharpness: { every: 50 }, noise: { every: 100 }, generalization: { every: 50 } },
  checkpoints: { every: 100 },
  ...more,
});

/** Waits until `test` holds. */
async function until(test: () => boolean): Promise<void> {
  for (let i = 0; !test(); i++) {
    if (i > 1000) throw new Error("It did not come to hold within twenty seconds.");
    await new Promise((done) => setTimeout(done, 20));
  }
}

const stepsOf = (run: string): number => {
  try {
    return Number(eventsOf(run).findLast((event) => event.kind === "metrics")?.step ?? 0);
  } catch {
    return 0; // No log yet, or a line half written.
  }
};
const jsonOf = (run: string, file: string) =>
  JSON.parse(readFileSync(join(run, file), "utf8")) as Record<string, unknown>;
const newest = (run: string) => {
  const steps = readdirSync(join(run, "checkpoints")).flatMap((name) =>
    (/^step-(\d+)\.safetensors$/.exec(name) ?? []).slice(1).map(Number),
  );
  return Math.max(...steps);
};

test("a run killed at any moment resumes bit-exactly", async () => {
  const whole = startRun(temporary(), experiment({ steps: 12_000 }));
  expect(await whole.exited).toBe(0);
  const killed = startRun(temporary(), experiment({ steps: 12_000 }));
  await until(() => stepsOf(killed.run) > 150);
  killed.child.kill("SIGKILL");
  await killed.exited;
  expect(eventsOf(killed.run).length).toBeGreaterThan(0);
  expect(newest(killed.run)).toBeLessThan(12_000);
  expect(resume(killed.run)).toBe(0);
  const [a, b] = [whole.run, killed.run].map((run) =>
    tensorsOf(join(run, "checkpoints/step-12000.safetensors")),
  );
  expect([...a.keys()]).toEqual([...b.keys()]);
  for (const [name, { data }] of a) expect(b.get(name)!.data, name).toEqual(data);
  // What the resumed process told again supersedes what it had told before.
  const headers = eventsOf(killed.run).filter(({ kind }) => kind === "header");
  expect(headers).toHaveLength(2);
  expect(headers[1].resumedAt).toBeGreaterThan(0);
  const lossAt = (run: string) => {
    const { steps, values } = seriesOf(run).column("loss.train");
    return Array.from(steps, (step, i) => [step, values[i]]);
  };
  expect(lossAt(killed.run)).toEqual(lossAt(whole.run));
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends a run with all events, a verdict and status 130",
  async (signal) => {
    const { run, child, exited } = startRun(temporary(), experiment({ minutes: 10 }));
    await until(() => stepsOf(run) > 200);
    child.kill(signal);
    expect(await exited).toBe(130);
    const events = eventsOf(run);
    expect(events.at(-1)).toMatchObject({ kind: "end", reason: "interrupted" });
    const last = Number(events.at(-1)!.step);
    expect(newest(run)).toBe(last);
    expect(jsonOf(run, "verdict.json")).toMatchObject({ step: last });
  },
);

test("events reach the disk at least twice a second while it trains", async () => {
  // Without probes: a reading may take longer than that on a busy machine.
  const { run, child, exited } = startRun(temporary(), experiment({ minutes: 10 }, 0.05, { probes: {} }));
  try {
    await until(() => stepsOf(run) > 50);
    for (let i = 0; i < 4; i++) {
      const before = stepsOf(run);
      await new Promise((done) => setTimeout(done, 600));
      expect(stepsOf(run)).toBeGreaterThan(before);
    }
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
});

test("divergence is a result: status 0, an end event that says so, a verdict judged at the last finite point", async () => {
  const { run, exited } = startRun(temporary(), experiment({ steps: 2000 }, 30));
  expect(await exited).toBe(0);
  const events = eventsOf(run);
  const { step } = events.at(-1)!;
  expect(events.at(-1)).toMatchObject({ kind: "end", reason: "diverged" });
  // Where its loss had gone by then is logged, and stays the latest whatever the verdict measures before.
  const logged = events.filter(({ kind, probe }) => kind === "metrics" && probe === undefined).at(-1)!;
  expect(logged).toMatchObject({ step, values: { "loss.train": expect.anything() } });
  const { last } = await readRun(run);
  expect(last["loss.train"]).toEqual(decodeNum((logged.values as Record<string, Num>)["loss.train"]));
  const verdict = jsonOf(run, "verdict.json");
  expect(verdict.verdict).toBe("diverged");
  expect(Number(verdict.step)).toBeLessThanOrEqual(Number(events.at(-1)!.step));
});

test("stop conditions: steps, training loss, minutes", async () => {
  const steps = startRun(temporary(), experiment({ steps: 30 }));
  expect(await steps.exited).toBe(0);
  expect(eventsOf(steps.run).at(-1)).toMatchObject({ reason: "steps", step: 30 });
  const loss = startRun(temporary(), experiment({ steps: 100_000, trainLoss: 0.3 }));
  expect(await loss.exited).toBe(0);
  expect(eventsOf(loss.run).at(-1)).toMatchObject({ reason: "trainLoss" });
  const minutes = startRun(temporary(), experiment({ minutes: 0.01 }));
  expect(await minutes.exited).toBe(0);
  expect(eventsOf(minutes.run).at(-1)).toMatchObject({ reason: "minutes" });
});

test("the folder holds what the contract names, each reading with its cost", async () => {
  const { run, exited } = startRun(temporary(), experiment({ steps: 100 }));
  expect(await exited).toBe(0);
  expect(readdirSync(run).sort()).toEqual(
    expect.arrayContaining(["checkpoints", "events.jsonl", "run.json", "verdict.json"]),
  );
  const info = jsonOf(run, "run.json");
  expect(info).toMatchObject({ id: "test", experiment: { name: "short" } });
  for (const key of ["versions", "machine", "handle"]) expect(info).toHaveProperty(key);
  const events = eventsOf(run);
  expect(events[0].kind).toBe("header");
  for (const probe of ["sharpness", "noise", "generalization"]) {
    const readings = events.filter((event) => event.probe === probe);
    expect(readings.map(({ step }) => step)).toEqual(expect.arrayContaining([0, 100]));
    for (const { cost } of readings)
      expect(cost).toMatchObject({ products: expect.any(Number), seconds: expect.any(Number) });
  }
});

test("a run under a small memory budget works in chunks, with the same losses and readings up to rounding", async () => {
  const run = (memory: string) =>
    startRun(
      temporary(),
      experiment({ steps: 60 }, 0.05, {
        memory,
        optimizer: { kind: "sgd", learningRate: 0.05, batchSize: "full" },
        probes: { sharpness: { every: 20, top: 1 }, noise: { every: 20 }, generalization: { every: 20 } },
      }),
    );
  const [whole, split] = [run("4GB"), run("10KB")];
  expect(await whole.exited).toBe(0);
  expect(await split.exited).toBe(0);
  const valuesOf = (folder: string) =>
    eventsOf(folder).flatMap((event) =>
      event.kind === "metrics" && event.probe !== "verdict"
        ? Object.entries(event.values as Record<string, number>)
            .filter(([name, value]) => typeof value === "number" && !name.endsWith(".error"))
            .map(([name, value]) => [event.step, name, value] as const)
        : [],
    );
  const [a, b] = [valuesOf(whole.run), valuesOf(split.run)];
  expect(a.map(([step, name]) => [step, name])).toEqual(b.map(([step, name]) => [step, name]));
  a.forEach(([step, name, value], i) =>
    // Readings stop at their own tolerances, 1e-3 and 1e-2.
    expect(Math.abs(b[i][2] - value), `${name} at ${step}`).toBeLessThan(2e-2 * Math.abs(value) + 1e-5),
  );
});
