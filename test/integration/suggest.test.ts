// `basin suggest` and `basin explore` as they are called: what is printed, what is written, what is refused.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, temporary } from "../support/runs";

const cli = join(root, "dist", "cli.js");

function basin(folder: string, ...args: string[]) {
  const env = { ...process.env, NO_COLOR: "1" };
  return spawnSync(process.execPath, [cli, ...args], { cwd: folder, env, encoding: "utf8" });
}

const text = `{
  // what a student learns of its teacher
  "data": { "source": "teacher", "inputs": 4, "hidden": [4], "examples": 64 },
  "model": { "kind": "mlp", "hidden": [8] },
  "optimizer": { "learningRate": 1e-5, "batchSize": 16 }, // a guess
  "stop": { "steps": 120 }
}
`;

test("suggest --apply writes the rate, and nothing else changes; without it nothing does", () => {
  const folder = temporary();
  const file = join(folder, "a.basin.json");
  writeFileSync(file, text);
  const { status, stdout, stderr } = basin(folder, "suggest", "a.basin.json", "--json");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(text);
  const { learningRate, warmup, edits, cost, gridCost, text: told } = JSON.parse(stdout);
  expect(learningRate).toBeGreaterThan(1e-3);
  expect(edits[0]).toEqual({ path: ["optimizer", "learningRate"], source: String(learningRate) });
  expect(cost).toBeLessThanOrEqual(0.1 * gridCost);
  expect(told).toContain(`optimizer.learningRate = ${learningRate}`);
  const applied = basin(folder, "suggest", "a.basin.json", "--apply");
  expect(applied.stdout).toContain("Written to a.basin.json.");
  const own = warmup === null ? "" : `, "schedule": { "kind": "constant", "warmup": ${warmup} }`;
  expect(readFileSync(file, "utf8")).toBe(
    text.replace("1e-5", String(learningRate)).replace(`16 }`, `16${own} }`),
  );
});

test("suggest refuses what has no length, several points, and a value that a sweep would hide", () => {
  const folder = temporary();
  const write = (changed: string) => writeFileSync(join(folder, "a.basin.json"), changed);
  write(text.replace('"steps": 120', '"minutes": 1'));
  const endless = basin(folder, "suggest", "a.basin.json");
  expect(endless.status).toBe(2);
  expect(endless.stderr).toMatch(/does not say how many steps.*\n.*--steps/);
  write(text.replace('"stop"', '"sweep": { "optimizer.learningRate": [0.1, 0.2] },\n  "stop"'));
  const sweep = basin(folder, "suggest", "a.basin.json");
  expect(sweep.status).toBe(2);
  expect(sweep.stderr).toContain("--set optimizer.learningRate=");
  const hidden = basin(folder, "suggest", "a.basin.json", "--set", "optimizer.learningRate=0.1", "--apply");
  expect(hidden.status).toBe(2);
  expect(hidden.stderr).toContain("would change nothing");
});

test("explore refuses a run that has reached no minimum, and tells of each branch from one that has", () => {
  const folder = temporary();
  const file = join(folder, "two.basin.json");
  writeFileSync(
    file,
    JSON.stringify({
      data: { source: "two-minima" },
      model: { kind: "twoMinima", start: 1.05 },
      optimizer: { learningRate: 0.01 },
      stop: { steps: 400 },
      checkpoints: { every: 100 },
      probes: {},
    }),
  );
  expect(basin(folder, "run", "two.basin.json").status).toBe(0);
  // The loss falls by 0.98² a step: to 2 % of its first value by then, and to 1e-7 of it at the end.
  const early = basin(folder, "explore", "latest", "--step", "100");
  expect(early.status).toBe(2);
  expect(early.stderr).toMatch(/has not reached a minimum at step 100/);
  const picture = join(folder, "map.svg");
  const args = ["--rates", "0.2,0.7", "--batches", "1,full", "--momenta", "0", "--steps", "300"];
  const found = basin(folder, "explore", "latest", ...args, "--out", picture, "--json");
  expect(found.stderr).toBe("");
  const { branches, minimum, asked } = JSON.parse(found.stdout);
  expect(asked).toBe(4);
  const told = branches.map((one: Record<string, unknown>) => [one.learningRate, one.batchSize, one.outcome]);
  // With single examples x = 1 bears η where the mean of (1 − 0.2η)² and (1 − 3.8η)² is below 1: up to 0.552.
  expect(told).toEqual([
    [0.2, 1, "stayed"],
    [0.7, 1, "moved"],
    [0.2, 2, "stayed"],
    [0.7, 2, "stayed"],
  ]);
  expect(minimum.nonuniformity).toBeCloseTo(1.8, 3);
  expect(branches[1].distance).toBeCloseTo(1, 3);
  expect(readFileSync(picture, "utf8")).toMatch(/^<svg .*Where the minima lie.*<\/svg>\n$/s);
  const wrong = basin(folder, "explore", "latest", "--rates", "0.1,fast");
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain("--rates takes numbers above 0, with commas between them; found fast");
});
