// What a typical run does, at a minimum that a real net reached: predicted from its factors, and seen in many restarts of real training.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const cli = join(import.meta.dirname, "..", "..", "dist", "cli.js");

interface Escaped {
  readonly predicted: {
    readonly growth: number;
    readonly typicalGrowth: number;
    readonly typicalLimit: number;
  };
  readonly measured: { readonly typicalGrowth: number; readonly left: number };
}

describe("a tanh net that interpolates 20 points of a Chebyshev polynomial, batches of 4", () => {
  const seeds = 16;
  let folder: string;
  const basin = async (...words: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, [cli, ...words], { cwd: folder })).stdout;
  const noisy = (learningRate: number): string[] =>
    ["optimizer.batchSize=4", "optimizer.momentum=0", `optimizer.learningRate=${learningRate}`].flatMap(
      (set) => ["--set", set],
    );
  const escape = async (learningRate: number): Promise<Escaped> =>
    JSON.parse(
      await basin(
        "escape",
        "latest",
        "--json",
        "--seeds",
        String(seeds),
        "--steps",
        "300",
        ...noisy(learningRate),
      ),
    ) as Escaped;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "basin-typical-"));
    writeFileSync(
      join(folder, "net.basin.json"),
      JSON.stringify({
        name: "net",
        seed: 0,
        data: { source: "chebyshev", degree: 3, examples: 20 },
        model: { kind: "mlp", hidden: [40, 40], activation: "tanh" },
        loss: "squared-error",
        optimizer: { kind: "sgd", learningRate: 0.1, batchSize: "full", momentum: 0.9 },
        stop: { steps: 30000 },
      }),
    );
    await basin("run", "net.basin.json");
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("where the mean square grows by a third a step and the typical growth is below 1, every run comes back", async () => {
    const { predicted, measured } = await escape(0.08);
    expect(predicted.growth).toBeGreaterThan(1.2);
    expect(predicted.typicalGrowth).toBeLessThan(1);
    expect(predicted.typicalLimit).toBeGreaterThan(0.08);
    expect(measured.left).toBe(0);
  }, 60_000);

  test("beyond the typical limit all leave, as fast as predicted and not as fast as the mean square", async () => {
    const { predicted, measured } = await escape(0.125);
    expect(predicted.typicalLimit).toBeLessThan(0.125);
    expect(measured.left).toBe(seeds);
    // A run has left after some twenty steps: what that leaves of chance is a few percent.
    expect(Math.abs(Math.log(measured.typicalGrowth) / Math.log(predicted.typicalGrowth) - 1)).toBeLessThan(
      0.25,
    );
    expect(measured.typicalGrowth).toBeLessThan(0.7 * predicted.growth);
  }, 60_000);

  test("the verdict says so: flagged, but a typical run stays", async () => {
    const runs = join(folder, ".basin", "runs");
    const run = readdirSync(runs).find((name) => name.includes("-net-"))!;
    const weights = join(runs, run, "checkpoints", "step-30000.safetensors");
    const { metrics, verdict } = JSON.parse(
      await basin("measure", "net.basin.json", "--json", "--weights", weights, ...noisy(0.08)),
    ) as { metrics: Record<string, number>; verdict: { verdict: string; typical: string; summary: string } };
    expect(verdict).toMatchObject({ verdict: "unstable-variance", typical: "stays" });
    expect(verdict.summary).toMatch(/spikes, not divergence/);
    expect(metrics["stability.typicalGrowth"]).toBeLessThan(1);
    expect(metrics["stability.typicalLimit.error"]).toBeLessThan(0.02 * metrics["stability.typicalLimit"]);
  }, 60_000);
});
