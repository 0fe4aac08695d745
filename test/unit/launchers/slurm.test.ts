// What is said to Slurm and what it says: batch scripts, run by a real bash with a cluster that is not there; its lists; its refusals.
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { batchScript, type BatchScript } from "../../../src/launchers/slurm/batchScript";
import { explained, SlurmError } from "../../../src/launchers/slurm/call";
import { parseAccounts, parseQueue } from "../../../src/launchers/slurm/scheduler";
import { temporary } from "./support";

const parts: BatchScript = {
  name: "a",
  runs: [
    { folder: "/w/it's 1", claim: 1 },
    { folder: "/w/2", claim: 3 },
  ],
  command: "start",
  concurrency: 2,
  slurm: {
    partition: "gpu",
    time: "2:00:00",
    cpus: 4,
    gpus: 1,
    memory: "16GB",
    args: ["--account=x", "--comment=two words"],
    setup: ["module load cuda"],
    warning: 120,
    requeues: 3,
  },
  script: false,
  workingFolder: "/w",
  output: "/w/slurm/%a/slurm-%A_%a.log",
  execPath: "/usr/bin/node",
  runScript: "/opt/run.js",
  env: { ELECTRON_RUN_AS_NODE: "1" },
};

test("a batch script asks for everything that the experiment asks for, the user's own options last", () => {
  const options = batchScript(parts)
    .split("\n")
    .filter((line) => line.startsWith("#SBATCH "))
    .map((line) => line.slice(8));
  expect(options).toEqual([
    "--job-name=basin-a",
    "--array=0-1%2",
    "--partition=gpu",
    "--time=2:00:00",
    "--nodes=1",
    "--ntasks-per-node=1",
    "--cpus-per-task=4",
    "--gres=gpu:1",
    // 16·10⁹ bytes, in units of 2²⁰, rounded up.
    "--mem=15259M",
    "--chdir=/w",
    "--output=/w/slurm/%a/slurm-%A_%a.log",
    "--open-mode=append",
    "--signal=B:USR2@120",
    "--requeue",
    "--account=x",
    "'--comment=two words'",
  ]);
  const single = batchScript({ ...parts, runs: [parts.runs[0]], slurm: { requeues: 0 } });
  expect(single).toContain("#SBATCH --no-requeue\n");
  expect(single).not.toContain("--array");
  expect(single).not.toContain("--mem");
});

test("a folder whose name holds a line break is refused: its rest would be a line of shell", () => {
  const hostile = { ...parts, workingFolder: "/w/a\ntouch /tmp/owned\n" };
  expect(() => batchScript(hostile)).toThrow(/line break.*\n.*Rename it/);
});

test("a script of the user's own on two nodes of four GPUs is started by srun and torchrun; on one node its processes meet there", () => {
  const text = batchScript({ ...parts, script: true, slurm: { nodes: 2, gpus: 4 } });
  expect(text).toContain(
    'BASIN_TORCHRUN="srun --nodes=2 --ntasks=2 --ntasks-per-node=1 --kill-on-bad-exit=1 python -m torch.distributed.run --nnodes=2 --nproc-per-node=4 --rdzv-id=$SLURM_JOB_ID --rdzv-backend=c10d',
  );
  expect(text).toContain("#SBATCH --gres=gpu:4\n");
  const single = batchScript({ ...parts, script: true, slurm: { gpus: 4 } });
  expect(single).toContain("python -m torch.distributed.run --nnodes=1 --nproc-per-node=4 --standalone");
  expect(single).not.toContain("rdzv");
  expect(batchScript(parts)).not.toContain("torch");
});

describe.skipIf(process.platform === "win32")("a batch script under bash", { timeout: 300_000 }, () => {
  /** Runs it beside a run that waits for a signal. @returns what was asked of Slurm, and the status. */
  async function run(
    send: "USR2" | "TERM" | null,
    {
      restarts = 0,
      preempted = false,
      ends = "exit 75",
    }: { restarts?: number; preempted?: boolean; ends?: string } = {},
  ) {
    const folder = temporary();
    const bin = join(folder, "bin");
    const runs = ["it's 1", "2"].map((name) => join(folder, name));
    for (const dir of [bin, ...runs]) mkdirSync(dir);
    const program = (name: string, text: string) => {
      writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
      return join(bin, name);
    };
    program(
      "scontrol",
      `echo "$@" >> '${folder}/asked'; echo "JobId=7 PreemptTime=${preempted ? "2026-01-01T00:00:00" : "None"} X=1"`,
    );
    // Says what it was told, and ends as it is told when it is signalled.
    const node = program(
      "node",
      `trap '${ends}' USR2 TERM; echo "$@" "$BASIN_SLURM_JOB" >> "$3/told"; while :; do [ -e "$3/stop" ] && exit 130; sleep 0.05; done`,
    );
    const text = batchScript({
      ...parts,
      runs: runs.map((one, i) => ({ folder: one, claim: i + 1 })),
      execPath: node,
      slurm: { requeues: 3 },
    });
    const script = join(folder, "job.sh");
    writeFileSync(script, text);
    const env = {
      PATH: `${bin}:${process.env.PATH}`,
      SLURM_JOB_ID: "7",
      SLURM_ARRAY_JOB_ID: "5",
      SLURM_ARRAY_TASK_ID: "1",
      ...(restarts > 0 && { SLURM_RESTART_COUNT: String(restarts) }),
    };
    let child: ReturnType<typeof execFile>;
    const status = new Promise<number>((done) => {
      child = execFile("bash", [script], { env }, (error) => done(Number(error?.code ?? 0)));
    });
    const told = join(runs[1], "told");
    for (let i = 0; send && !existsSync(told) && i < 400; i++)
      await new Promise((done) => setTimeout(done, 25));
    if (send) child!.kill(`SIG${send}`);
    // As Slurm ends a job, everything in it gets that signal.
    if (send === "TERM") spawnSync("pkill", ["-TERM", "-P", String(child!.pid)]);
    const asked = join(folder, "asked");
    return {
      status: await status,
      told: existsSync(told) ? readFileSync(told, "utf8").trim() : "",
      asked: existsSync(asked) ? readFileSync(asked, "utf8").trim().split("\n") : [],
      stop: existsSync(join(runs[1], "stop")),
      log: existsSync(join(runs[1], "run.log")) ? readFileSync(join(runs[1], "run.log"), "utf8") : "",
    };
  }

  test("hands its task's folder and claim to the run, and is requeued once that has left before the time limit", async () => {
    const { told, asked, stop } = await run("USR2");
    expect(told).toMatch(/^\/opt\/run\.js start \S+\/2 2 5\|1\|0$/);
    expect(asked).toEqual(["requeue 7"]);
    expect(stop).toBe(false);
  });

  test("resumes where it was requeued, and asks the run to stop where it may not go on again", async () => {
    const { told, asked, stop, status } = await run("USR2", { restarts: 3 });
    expect(told).toMatch(/ resume \S+ 2 5\|1\|3$/);
    expect(stop).toBe(true);
    expect(asked).toEqual([]);
    expect(status).toBe(130);
    const beyond = await run(null, { restarts: 4 });
    expect(beyond).toMatchObject({ told: "", asked: [], status: 1 });
    expect(beyond.log).toMatch(/more than launch\.slurm\.requeues allows \(3\)/);
  });

  test("is requeued where it was preempted, and stays ended where somebody cancelled it or it failed", async () => {
    expect((await run("TERM", { preempted: true })).asked.at(-1)).toBe("requeue 7");
    expect((await run("TERM")).asked).toEqual(["-o show job 7"]);
    expect((await run("USR2", { ends: "exit 1" })).asked).toEqual([]);
    expect((await run("USR2", { ends: "exit 0" })).asked).toEqual([]);
  });
});

test("what squeue lists is read by the columns that were asked for, whatever stands in them", () => {
  const widths = [24, 24, 24, 12, 24, 120, 120, 2048];
  const line = (...words: string[]) =>
    words.map((word, i) => Buffer.from(word, "utf8").toString("latin1").padEnd(widths[i])).join("");
  const text = [
    line("41", "3", "PENDING", "0", "2:00:00", "", "ReqNodeNotAvail, UnavailableNodes:n[1-4]", "/wé/a.sh"),
    line("41", "0", "RUNNING", "2", "1-02:03:04", "n[1-2]", "None", "/wé/a.sh"),
    line("42", "N/A", "CANCELLED", "0", "UNLIMITED", "n1", "None", "/b.sh"),
    "slurm_load_jobs error: anything",
    "",
  ].join("\n");
  expect(parseQueue(text)).toEqual([
    {
      name: "41_3",
      life: "queued",
      state: "PENDING",
      restarts: 0,
      left: "2:00:00",
      nodes: "",
      reason: "ReqNodeNotAvail, UnavailableNodes:n[1-4]",
      script: "/wé/a.sh",
    },
    {
      name: "41_0",
      life: "running",
      state: "RUNNING",
      restarts: 2,
      left: "1-02:03:04",
      nodes: "n[1-2]",
      reason: "",
      script: "/wé/a.sh",
    },
    expect.objectContaining({ name: "42", life: "gone", state: "CANCELLED", left: "", nodes: "" }),
  ]);
});

test("what sacct lists is the last state of each job", () => {
  const text = "41_3|TIMEOUT\n41_[5-9]|PENDING\n42|CANCELLED by 1000\n\n";
  expect([...parseAccounts(text)]).toEqual([
    ["41_3", "TIMEOUT"],
    ["42", "CANCELLED by 1000"],
  ]);
});

// As Slurm's commands print them: 22.05 and 23.11.
test.each([
  ["invalid partition specified: nope", /knows no such partition/, /sinfo/],
  [
    "Batch job submission failed: Invalid account or account/partition combination specified",
    /needs an account/,
    /--account=NAME/,
  ],
  [
    "QOSMaxSubmitJobPerUserLimit\nBatch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    /no more jobs may be submitted/,
    /squeue --me/,
  ],
  [
    "Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
    /above what the partition allows/,
    /launch\.slurm\.time/,
  ],
  [
    "allocation failure: Requested node configuration is not available",
    /no node has what the job asks for/,
    /sinfo -Nl/,
  ],
  ["Unable to contact slurm controller (connect failure)", /controller does not answer/, /scontrol ping/],
  ["allocation failure: Invalid feature specification", /no node has such a feature/, /--constraint/],
  ["allocation failure: Invalid node name specified", /knows no such node/, /sinfo -N/],
  ["allocation failure: Requested reservation is invalid", /knows no such reservation/, /--reservation/],
  ["unrecognized option '--bogus=1'", /does not know an option.*--bogus=1/, /sbatch --help/],
  ["Slurm temporarily unable to accept job, sleeping and retrying", /its queue is full/, /squeue/],
  ["Batch job submission failed: I/O error writing script/environment to file", /disk is full/, /Make room/],
  ["something new", /Slurm refuses it \(sbatch: something new\)/, /launch\.slurm/],
])("a refusal (%s) is told in words", (said, words, hint) => {
  for (const why of ["refused", "silent"] as const) {
    const error = new SlurmError("sbatch", why, `sbatch: error: ${said}`);
    const [problem] = explained(error, "a.basin.json").problems;
    if (why === "silent" && said === "something new") {
      // It had no time to say more.
      expect(problem.message).toMatch(/controller does not answer/);
      continue;
    }
    expect(problem.message).toMatch(words);
    expect(problem.hint).toMatch(hint);
  }
});
