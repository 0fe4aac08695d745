// A workspace as somebody else may have made it: run folders that lie, lead elsewhere or never end, and a repository that would run a command.
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { processStartOf } from "../../src/record/disk/processTable";
import { writeRun, type FixtureKind } from "../fixtures/writeRun";
import { writeExperiments } from "./experiments";

/** Text that is a picture, a link, a command or a terminal's escape sequence wherever it is taken for more than text. */
export const markup = (beacon: string): string =>
  `<img src="${beacon}/img"> ![x](${beacon}/picture) [press](command:workbench.action.closeSidebar) <b>bold</b> <script src="${beacon}/script"></script> ${beacon}/bare \u001b]8;;${beacon}/terminal\u0007\u001b[2J`;

/** A name that a folder may have. */
const linkName = "20260118-000000-[press](command:workbench.action.closeSidebar)<img src=x>";

interface Hostile {
  readonly runs: string;
  /** What the links lead to. */
  readonly outside: string;
  /** Something of the folder by the end of its name. */
  readonly folder: (ending: string) => string;
}

export const placesOf = (workspace: string): Hostile => {
  const runs = join(workspace, ".basin", "runs");
  const folder = (ending: string): string => {
    const name = readdirSync(runs).find((one) => one.endsWith(ending));
    if (name === undefined) throw new Error(`There is no run folder that ends with ${ending}.`);
    return join(runs, name);
  };
  return { runs, outside: join(workspace, "..", "outside"), folder };
};

/** @param victim  A process that one of the runs says is its own. */
export function fillHostile(workspace: string, beacon: string, victim: number): void {
  writeExperiments(workspace);
  const { runs, outside } = placesOf(workspace);
  mkdirSync(outside);
  writeFileSync(join(outside, "file"), "precious");
  writeFileSync(join(outside, "run.json"), "{}");
  const file = join(workspace, "steady.basin.json");
  const write = (learningRate: number, name: string, kind: FixtureKind = "edge"): string =>
    writeRun(runs, kind, { file, steps: 100, learningRate, id: `20260101-000000-${name}` });
  write(0.011, "good");
  const named = write(0.012, "named");
  change(join(named, "run.json"), (info) => ({
    ...info,
    experiment: { ...(info.experiment as object), name: markup(beacon) },
    overrides: { [markup(beacon)]: markup(beacon) },
    git: { commit: markup(beacon), dirty: true },
  }));
  change(join(named, "verdict.json"), (verdict) => ({
    ...verdict,
    summary: markup(beacon),
    reasons: [markup(beacon)],
    evidence: [markup(beacon)],
  }));
  const note = JSON.stringify({ kind: "note", step: 100, message: markup(beacon) });
  appendFileSync(join(named, "events.jsonl"), `${note}\n`);
  const fifo = (path: string) => {
    rmSync(path, { force: true });
    execFileSync("mkfifo", [path]);
  };
  fifo(join(write(0.013, "fifo-log"), "events.jsonl"));
  writeFileSync(join(write(0.014, "broken-verdict"), "verdict.json"), '{"verdict": "sta');
  appendFileSync(join(write(0.015, "broken-line"), "events.jsonl"), "nonsense\n");
  fifo(join(write(0.02, "fifo-info"), "run.json"));
  const linked = join(write(0.02, "linked-info"), "run.json");
  rmSync(linked);
  symlinkSync(join(outside, "run.json"), linked);
  truncateSync(join(write(0.02, "huge-info"), "run.json"), 2 ** 34);
  for (const [rate, other] of [
    [0.021, "absent.basin.json"],
    [0.022, "/absent.basin.json"],
  ] as const)
    writeRun(runs, "edge", { file: other, steps: 100, learningRate: rate, id: `20260101-000000-${rate}` });
  const claimed = write(0.016, "claims-another", "empty");
  const claim = { pid: victim, started: processStartOf(victim) ?? "", host: hostname() };
  change(join(claimed, "run.json"), (info) => ({ ...info, handle: { on: "local", ...claim } }));
  mkdirSync(join(claimed, "processes"));
  writeFileSync(join(claimed, "processes", "1.json"), JSON.stringify({ ...claim, at: "" }));
  const first = write(0.017, "first");
  cpSync(first, `${first}-copy`, { recursive: true });
  const leading = writeRun(runs, "empty", { file, steps: 100, learningRate: 0.018, id: linkName });
  const end = { kind: "end", step: 50, time: 1, reason: "interrupted" };
  appendFileSync(join(leading, "events.jsonl"), `${JSON.stringify(end)}\n`);
  symlinkSync(outside, join(leading, "checkpoints"));
  symlinkSync(join(outside, "file"), join(leading, "verdict.json"));
  writeRun(outside, "edge", { file, steps: 100, learningRate: 0.019, id: "elsewhere" });
  symlinkSync(join(outside, "elsewhere"), join(runs, "20260119-000000-elsewhere"));
}

/** Makes the workspace a repository that asks git to run a command of its own; returns the file which that command would leave. */
export function makeRepository(workspace: string): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: workspace, stdio: "pipe" });
  git("init", "--quiet");
  git("add", "steady.basin.json");
  git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "-m", "x");
  const ran = join(workspace, "..", "ran");
  const hook = join(workspace, "..", "hook.sh");
  writeFileSync(hook, `#!/bin/sh\necho ran >> '${ran}'\n`, { mode: 0o755 });
  git("config", "core.fsmonitor", hook);
  return ran;
}

/** Every file and folder below, links not followed, with what tells whether it was touched. */
export const stateOf = (folder: string): string =>
  execFileSync("find", [folder, "-printf", "%P %y %s %T@ %l\n"], { encoding: "utf8" })
    .split("\n")
    .sort()
    .join("\n");

function change(path: string, to: (value: Record<string, unknown>) => object): void {
  writeFileSync(path, JSON.stringify(to(JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>)));
}
