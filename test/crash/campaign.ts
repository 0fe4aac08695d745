// Crash points of a run, a resume and a stop: each kills the process at one operation, reads the folder, goes on, and compares the end.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import type { RunEvent } from "../../src/protocol/events";
import { decodeSafetensors } from "../../src/protocol/safetensors";
import { decodeLine } from "../../src/record/decodeEvent";
import { listRuns } from "../../src/record/disk/catalog";

const phases = ["before", "middle", "after", "full"] as const;
type Phase = (typeof phases)[number];
export const scenarios = ["run", "resume", "stop"] as const;
type Scenario = (typeof scenarios)[number];

export interface CrashPoint {
  readonly scenario: Scenario;
  /** Which operation of the process, counted from 0. */
  readonly at: number;
  readonly operation: string;
  readonly phase: Phase;
}

const steps = 40;
const experiment = {
  name: "crash",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 8 },
  model: { kind: "mlp", hidden: [4], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 3, momentum: 0.5 },
  stop: { steps },
  closing: "full",
  probes: { sharpness: { every: 5, top: 2 }, noise: { every: 10 }, layers: { every: 5 } },
  checkpoints: { every: 2 },
};
/** Operations of a run before it is asked to stop, or was killed where a resume begins: some checkpoints are written by then. */
const halfWay = 150;

interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
}

export const nameOf = ({ scenario, at, operation, phase }: CrashPoint): string =>
  `${scenario}, ${phase} ${operation} ${at}`;

/** What an uninterrupted run ends with. */
interface End {
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly readings: ReadonlyMap<string, string>;
  readonly verdict: string;
}

export class Campaign {
  private count = 0;
  private end: End | null = null;

  /** @param place  An empty folder for everything. @param root  Where `dist/run.js` and the preloaded module are. */
  constructor(
    private readonly place: string,
    private readonly root: string,
  ) {}

  /** Makes what is compared with, and says which points there are. */
  async points(): Promise<CrashPoint[]> {
    const fresh = this.folder("fresh");
    this.writeRequest(fresh);
    const whole = this.copyOf("fresh");
    await expectCode(this.process("start", whole), 0);
    this.end = endOf(whole);
    const killed = this.folder("killed");
    cpSync(fresh, killed, { recursive: true });
    await this.process("start", killed, { at: halfWay, phase: "before" });
    const found: CrashPoint[] = [];
    for (const scenario of scenarios) {
      const done = await this.operations(scenario);
      done.forEach((operation, at) => {
        // Until it is asked to stop, a run is a run.
        if (scenario === "stop" && at < halfWay) return;
        for (const phase of phases)
          if (applies(operation, phase)) found.push({ scenario, at, operation, phase });
      });
    }
    return found;
  }

  private async operations(scenario: Scenario): Promise<string[]> {
    const run = this.copyOf(scenario === "resume" ? "killed" : "fresh");
    await expectCode(this.start(scenario, run, {}), scenario === "stop" ? 130 : 0);
    return (JSON.parse(readFileSync(this.recordOf(run), "utf8")) as { done: string[] }).done;
  }

  /**
   * Stops processes one after another on one folder, each at its point, and looks after each; then lets the run go on and compares
   * its end. Every point after the first is of a resume.
   *
   * @returns Which points were reached: a process may end before it comes to its own, and one that has finished is not resumed.
   * @throws Error naming the point and what was lost.
   */
  async crash(points: readonly CrashPoint[]): Promise<CrashPoint[]> {
    const run = this.copyOf(points[0].scenario === "resume" ? "killed" : "fresh");
    const reached: CrashPoint[] = [];
    let log = logOf(run);
    for (const point of points) {
      if (reached.length > 0 && (await this.statusOf(run)) === "finished") break;
      try {
        if (!(await this.stopAt(run, point))) break;
        reached.push(point);
        log = grown(log, run);
        await this.reads(run);
      } catch (error) {
        throw new Error(`${nameOf(point)}: ${(error as Error).message}`);
      }
    }
    try {
      await this.goesOn(run);
      grown(log, run);
      await this.reads(run);
      this.compare(run, log);
    } catch (error) {
      throw new Error(`after ${points.map(nameOf).join(", then ")}: ${(error as Error).message}`);
    }
    rmSync(join(run, ".."), { recursive: true, force: true });
    return reached;
  }

  /** Whether the process came to its point. */
  private async stopAt(run: string, { scenario, at, phase }: CrashPoint): Promise<boolean> {
    rmSync(this.recordOf(run), { force: true });
    const { code, stderr } = await this.start(scenario, run, { at, phase });
    const fired =
      existsSync(this.recordOf(run)) && readFileSync(this.recordOf(run), "utf8").includes("fired");
    if (phase !== "full" && fired && code !== null) throw new Error(`was not killed: status ${code}`);
    if (/^\s+at /m.test(stderr)) throw new Error(`tells a stack:\n${stderr}`);
    return fired;
  }

  private start(scenario: Scenario, run: string, fault: object): Promise<Outcome> {
    const more = scenario === "stop" ? { stopAt: halfWay } : {};
    return this.process(scenario === "resume" ? "resume" : "start", run, { ...fault, ...more });
  }

  /** Whoever lists the folder sees the run, whole. */
  private async reads(run: string): Promise<void> {
    const [record, ...more] = await listRuns(join(run, ".."));
    if (!record || more.length > 0) throw new Error("the list does not show the run");
    if (record.damage.length > 0) throw new Error(`is shown as damaged: ${record.damage.join(", ")}`);
    if (record.status === "running") throw new Error("is shown as running");
  }

  /** As `basin resume` does it: what has ended needs nothing, what has not begun is started. */
  private async goesOn(run: string): Promise<void> {
    const status = await this.statusOf(run);
    if (status === "finished") return;
    await expectCode(this.process(status === "queued" ? "start" : "resume", run), 0);
    const after = await this.statusOf(run);
    if (after !== "finished") throw new Error(`is ${after} in the end`);
  }

  private async statusOf(run: string): Promise<string> {
    const [{ status }] = await listRuns(join(run, ".."));
    return status;
  }

  private compare(run: string, log: Buffer): void {
    const [end, whole] = [endOf(run), this.end!];
    for (const [name, values] of whole.tensors)
      if (!sameBytes(values, end.tensors.get(name)!)) throw new Error(`${name} differs`);
    sameReadings(whole.readings, end.readings);
    if (end.verdict !== whole.verdict) throw new Error("another verdict");
    // What had reached the disk before the kill, whatever was taken back since.
    for (const [key, value] of readingsOf(eventsIn(log)))
      if (whole.readings.has(key) && whole.readings.get(key) !== value)
        throw new Error(`${key} was read as ${value}, then as ${whole.readings.get(key)}`);
    const left = ["", "checkpoints"].flatMap((name) => readdirSync(join(run, name)));
    if (left.some((name) => name.endsWith(".tmp"))) throw new Error(`leaves ${left.join(" ")}`);
  }

  private process(command: string, run: string, fault?: object): Promise<Outcome> {
    const plan = JSON.stringify({ folder: run, record: this.recordOf(run), ...fault });
    const preload = join(this.root, "test", "crash", "faultyFs.mjs");
    const args = [...(fault ? ["--import", preload] : []), join(this.root, "dist", "run.js"), command, run];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, BASIN_FAULT: plan, NODE_COMPILE_CACHE: join(this.place, "cache") },
    });
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    return new Promise((done) => child.on("close", (code) => done({ code, stderr })));
  }

  private readonly recordOf = (run: string): string => join(run, "..", "record.json");

  private folder(name: string): string {
    const run = join(this.place, name, "run");
    mkdirSync(run, { recursive: true });
    return run;
  }

  private copyOf(name: string): string {
    const run = this.folder(`point-${this.count++}`);
    cpSync(join(this.place, name, "run"), run, { recursive: true });
    return run;
  }

  private writeRequest(run: string): void {
    const file = join(this.place, "crash.basin.json");
    const text = JSON.stringify(experiment);
    writeFileSync(file, text);
    const { points, problems } = checkExperiment(text, file, {});
    if (points.length !== 1) throw new Error(JSON.stringify(problems));
    const rest = { handle: null, resumed: [], created: new Date().toISOString(), versions: {}, git: null };
    const info = { schema: 1, id: "run", experiment: points[0].experiment, file, overrides: {}, ...rest };
    writeFileSync(join(run, "run.json"), JSON.stringify(info));
  }
}

/** Only a write has a middle; only what takes room finds none. */
function applies(operation: string, phase: Phase): boolean {
  if (phase === "middle") return operation === "write";
  if (phase === "full") return ["open", "write", "fsync", "mkdir", "link", "rename"].includes(operation);
  return true;
}

async function expectCode(ending: Promise<Outcome>, expected: number): Promise<void> {
  const { code, stderr } = await ending;
  if (code !== expected) throw new Error(`ended with status ${code}, not ${expected}: ${stderr}`);
}

/** The log as it is now. @throws Error where bytes that were there before are gone or others. */
function grown(before: Buffer, run: string): Buffer {
  const log = logOf(run);
  if (!log.subarray(0, before.length).equals(before)) throw new Error("the log's bytes have changed");
  return log;
}

function endOf(run: string): End {
  const path = join(run, "checkpoints", `step-${steps}.safetensors`);
  const { tensors } = decodeSafetensors(readFileSync(path), path);
  const { readings, verdict } = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")) as Record<
    string,
    unknown
  >;
  return {
    tensors: new Map([...tensors].map(([name, { data }]) => [name, data])),
    readings: readingsOf(eventsIn(logOf(run))),
    verdict: JSON.stringify({ readings, verdict }),
  };
}

function logOf(run: string): Buffer {
  const path = join(run, "events.jsonl");
  return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
}

function eventsIn(log: Buffer): RunEvent[] {
  // A torn last line was never acknowledged.
  const lines = log.subarray(0, log.lastIndexOf(10) + 1).toString("utf8");
  return lines.split("\n").flatMap((line) => {
    const event = line === "" ? "unknown" : decodeLine(line);
    return typeof event === "string" ? [] : [event];
  });
}

/** Every value by step, probe and metric, as they stand after what resumes take back. */
function readingsOf(events: readonly RunEvent[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const event of events) {
    if (event.kind === "header" && event.resumedAt !== undefined)
      for (const key of [...found.keys()])
        if (Number(key.split(" ")[0]) >= event.resumedAt) found.delete(key);
    if (event.kind !== "metrics") continue;
    for (const [name, value] of Object.entries(event.values))
      found.set(`${event.step} ${event.probe ?? "loop"} ${name}`, JSON.stringify(value));
  }
  return found;
}

function sameReadings(expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): void {
  for (const [key, value] of expected)
    if (found.get(key) !== value) throw new Error(`${key} is ${found.get(key)}, not ${value}`);
  for (const key of found.keys()) if (!expected.has(key)) throw new Error(`${key} should not be there`);
}

const sameBytes = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
