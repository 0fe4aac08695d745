// A cluster of several hosts on this machine, each with a network and a name of its own: a sweep over them, and one script on two.
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JobPoll, stopRuns, type RunRecord } from "../../src/launchers";
import { isActive } from "../../src/types/runStatus";
import { pythons } from "../support/pythons";
import { root } from "../support/runs";
import { hasHosts } from "../support/slurm/cluster";
import { basin, onCluster, until, workspaceOf } from "../support/slurm/onCluster";

const python = pythons.at(-1)!.path;

/** Trains for long where it is not stopped. */
const experiment = {
  data: { source: "spirals", classes: 2 },
  model: { kind: "mlp", hidden: [8] },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05 },
  closing: { seconds: 1 },
  probes: { sharpness: { every: 500 } },
  checkpoints: { every: 500 },
  stop: { steps: 10_000_000 },
};

const hostOf = (run: RunRecord): string => run.info.machine.host;

describe.skipIf(!hasHosts)("on a cluster of several hosts", () => {
  onCluster({ nodes: 3, hosts: true });

  test("the points of a sweep train on different hosts, and each says on which", async () => {
    const { folder, runsDir } = workspaceOf({
      ...experiment,
      sweep: { seed: [0, 1] },
      launch: { on: "slurm", concurrency: 2, slurm: { cpus: 2 } },
    });
    expect((await basin(folder, "run", "a.basin.json")).err).toBe("");
    const runs = await until(runsDir, new JobPoll(), (all) =>
      all.every(({ step, place }) => step > 0 && /^on n\d/.test(place?.says ?? "")),
    );
    const hosts = runs.map(hostOf);
    expect(new Set(hosts).size).toBe(2);
    for (const run of runs) expect(run.place!.says).toMatch(new RegExp(`^on ${hostOf(run)}\\b`));
    const { out } = await basin(folder, "list");
    for (const host of hosts) expect(out).toContain(`: on ${host}`);
    // By the word in the folder: no signal goes from one host to another.
    await stopRuns(runs);
    const ended = await until(runsDir, new JobPoll(), (all) => all.every(({ status }) => !isActive(status)));
    expect(ended.map(({ status, verdict }) => [status, verdict !== null])).toEqual([
      ["interrupted", true],
      ["interrupted", true],
    ]);
  }, 200_000);

  test.skipIf(python === null)(
    "one script trains on two hosts by srun and torchrun, as on one",
    async () => {
      const { folder, runsDir } = workspaceOf({
        trainer: { python: "train.py", interpreter: python! },
        optimizer: { learningRate: 0.01, batchSize: 64 },
        settings: { keeps: true, steps: 60, pause: 0 },
        launch: {
          on: "slurm",
          slurm: { nodes: 2, setup: [`export PYTHONPATH='${join(root, "python", "src")}'`] },
        },
      });
      copyFileSync(join(root, "test", "fixtures", "stretches.py"), join(folder, "train.py"));
      expect((await basin(folder, "run", "a.basin.json")).err).toBe("");
      const poll = new JobPoll();
      await until(runsDir, poll, ([one]) => /^on n\[\d-\d\]/.test(one.place?.says ?? ""));
      const [run] = await until(runsDir, poll, ([one]) => !isActive(one.status));
      expect([run.status, readFileSync(join(run.folder, "run.log"), "utf8")]).toEqual([
        "finished",
        expect.anything(),
      ]);
      expect(JSON.parse(readFileSync(join(run.folder, "theta.json"), "utf8"))).toMatchObject({ ranks: 2 });
    },
    200_000,
  );
});
