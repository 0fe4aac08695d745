// Scripts of the user's own on a real Slurm: out of time and requeued, from the state that they keep, with none, and as ranks of torchrun.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JobPoll } from "../../src/launchers";
import { readSeries } from "../../src/record/disk/readSeries";
import { isActive } from "../../src/types/runStatus";
import { pythons } from "../support/pythons";
import { root } from "../support/runs";
import { hasSlurm } from "../support/slurm/cluster";
import { basin, jobOf, onCluster, until, workspaceOf } from "../support/slurm/onCluster";

// Debian's torchrun does not start under its own Python 3.11.
const python = pythons.at(-1)!.path;
/** The ranks sum in another order than one process. */
const rounding = 1e-5;

interface Given {
  readonly keeps: boolean;
  readonly slurm?: object;
  readonly pause?: number;
}

function script({ keeps, slurm, pause = 0.02 }: Given) {
  const setup = [`export PYTHONPATH='${join(root, "python", "src")}' GLOO_SOCKET_IFNAME=lo`];
  const workspace = workspaceOf({
    trainer: { python: "train.py", interpreter: python! },
    optimizer: { learningRate: 0.01, batchSize: 64 },
    settings: { keeps, steps: 300, pause },
    launch: slurm ? { on: "slurm", slurm: { setup, ...slurm } } : { on: "local" },
  });
  copyFileSync(join(root, "test", "fixtures", "stretches.py"), join(workspace.folder, "train.py"));
  return workspace;
}

interface Theta {
  /** The step that the last stretch began with. */
  readonly first: number;
  readonly ranks: number;
  readonly theta: readonly number[];
}
const thetaOf = (folder: string) => JSON.parse(readFileSync(join(folder, "theta.json"), "utf8")) as Theta;
const logOf = (folder: string): string => readFileSync(join(folder, "run.log"), "utf8");

describe.skipIf(!hasSlurm || python === null)("a script on Slurm", () => {
  onCluster({ gpus: 2 });

  test("goes on, requeued before its time limit, from the state it keeps, alone and under torchrun; one that keeps none starts anew, saying so", async () => {
    const alone = script({ keeps: true, slurm: {} });
    const ranks = script({ keeps: true, slurm: { nodes: 1, gpus: 2 } });
    const forgetful = script({ keeps: false, slurm: {} });
    const finished = async ({ folder, runsDir }: typeof alone) => {
      expect((await basin(folder, "run", "a.basin.json")).err).toBe("");
      const poll = new JobPoll();
      const [started] = await until(runsDir, poll, ([one]) => one.step > 20);
      execFileSync("scancel", ["--batch", "--signal=USR2", jobOf(started)]);
      const [run] = await until(runsDir, poll, ([one]) => !isActive(one.status));
      expect([run.status, logOf(run.folder)]).toEqual(["finished", expect.anything()]);
      expect(run.info.resumed).toHaveLength(1);
      return run;
    };
    const reference = script({ keeps: true, pause: 0 });
    process.env.PYTHONPATH = join(root, "python", "src");
    expect((await basin(reference.folder, "run", "a.basin.json")).err).toBe("");
    delete process.env.PYTHONPATH;
    const [uninterrupted] = await until(reference.runsDir, new JobPoll(), ([one]) => !isActive(one.status));
    const { theta } = thetaOf(uninterrupted.folder);

    const [kept, several, anew] = await Promise.all([alone, ranks, forgetful].map(finished));

    expect(thetaOf(kept.folder)).toEqual({ first: kept.info.resumed[0].step, ranks: 1, theta });
    expect(kept.info.resumed[0].step).toBeGreaterThan(20);
    // Its warm start is not part of the script's state.
    expect(kept.last.sharpness as number).toBeCloseTo(uninterrupted.last.sharpness as number, 3);

    const together = thetaOf(several.folder);
    expect(together).toMatchObject({ first: several.info.resumed[0].step, ranks: 2 });
    expect(together.first).toBeGreaterThan(20);
    together.theta.forEach((x, i) => expect(Math.abs(x - theta[i])).toBeLessThan(rounding));

    expect(anew.info.resumed).toMatchObject([{ step: 0 }]);
    expect(thetaOf(anew.folder)).toEqual({ first: 0, ranks: 1, theta });
    expect(logOf(anew.folder)).toMatch(/has saved no state[^]*starts anew/);
    expect(readSeries(anew.folder).notes.map(({ message }) => message)).toContain(
      "starts anew: the script saved no state",
    );
    expect(existsSync(join(anew.folder, "stop"))).toBe(false);
    process.stdout.write(
      `Requeued and gone on: alone from step ${kept.info.resumed[0].step}, 2 ranks from step ${together.first}, without a state from 0.\n`,
    );
  }, 400_000);
});
