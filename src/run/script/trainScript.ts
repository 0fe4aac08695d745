// A run whose script is the user's own: started, asked to stop, judged, and its end written down where it could not do that itself.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, lstatSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { EndReason, ScriptError } from "../../protocol/events";
import { files, stopFile, stoppingFile, type RunInfo } from "../../protocol/runFolder";
import { argumentsOf, settingsText, type ScriptExperiment } from "../../protocol/script";
import { EventLog } from "../../record/disk/eventLog";
import { readLogText } from "../../record/disk/logText";
import { EventTail } from "../../record/disk/tail";
import { RunSeries } from "../../record/runSeries";
import type { Interrupt } from "../interrupt";
import { findInterpreter } from "./interpreter";
import { errorIn } from "./traceback";

const pollMilliseconds = 200;
/**
 * Seconds that a script has to end by itself once it is asked: one that says it is about to, and one that does not. The last where its job
 * is about to end, and what counts is the state that it saves: Slurm waits 30 s between a termination and the end (KillWait).
 */
const [patience, quickPatience, leavingPatience] = [60, 3, 20];
/** Seconds from an interrupt to a termination, and from there to the end; both shorter where it is asked twice. */
const [toTerminate, toKill, urgent] = [10, 5, 2];
/** Bytes of the log in which a traceback is looked for. */
const longestTraceback = 2 ** 18;

const isWindows = process.platform === "win32";

export interface ScriptRun {
  readonly folder: string;
  readonly info: RunInfo & { readonly experiment: ScriptExperiment };
  readonly interrupt: Interrupt;
  /** A state that the script saved, which it goes on from; null for none. */
  readonly state: string | null;
  /** Whether this goes on with a run, or branches off one. */
  readonly goesOn: boolean;
}

/** Sends a signal to the script and whatever it has started. */
function signal(child: ChildProcess, name: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    if (isWindows) {
      // Windows has no signal that a process could act on: the whole tree is ended.
      if (name !== "SIGINT") spawn("taskkill", ["/pid", String(child.pid), "/T", "/F"], { stdio: "ignore" });
    } else process.kill(-child.pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** What a script is started by: its Python, or on several nodes the line of the batch script, where `python` stands for it. */
function startedBy(python: string): string[] {
  const words = (process.env.BASIN_TORCHRUN ?? "").split(" ").filter((word) => word !== "");
  return words.includes("python") ? words.map((word) => (word === "python" ? python : word)) : [python];
}

/** Starts the script, in a process group of its own. What it says goes to our own output, which is the run's log. @throws Error where it cannot be started. */
function startScript({ folder, info, state, goesOn }: ScriptRun): Promise<ChildProcess> {
  const { experiment, file } = info;
  const home = dirname(file);
  const script = resolve(home, experiment.trainer.python);
  const { path } = findInterpreter({
    folder: dirname(script),
    named: experiment.trainer.interpreter,
    from: home,
  });
  const env = {
    ...process.env,
    PYTHONUNBUFFERED: "1",
    BASIN_RUN_DIR: resolve(folder),
    BASIN_SETTINGS: settingsText(experiment),
    ...(state !== null && { BASIN_RESUME_FROM: state }),
    ...(goesOn && { BASIN_RESUMED: "1" }),
  };
  const [program, ...before] = startedBy(path);
  return new Promise((started, failed) => {
    const child = spawn(program, [...before, script, ...argumentsOf(experiment)], {
      cwd: dirname(script),
      env,
      detached: !isWindows,
      stdio: ["ignore", "inherit", "inherit"],
      windowsHide: true,
    });
    child.once("spawn", () => started(child));
    child.once("error", (error) => failed(new Error(`${program} could not be started: ${error.message}`)));
  });
}

/** Asks a script to end, and makes it, as the run is asked. */
class Stopping {
  private asked: number | null = null;
  private sent: "nothing" | "interrupt" | "terminate" | "kill" = "nothing";
  private since = 0;

  constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    private readonly interrupt: Interrupt,
  ) {}

  /** Whether anybody asked. */
  get wanted(): boolean {
    return this.interrupt.count > 0 || this.interrupt.leaving;
  }

  look(): void {
    const { count, leaving } = this.interrupt;
    if (count === 0 && !leaving) return;
    const now = performance.now() / 1000;
    if (this.asked === null) {
      this.asked = now;
      this.interrupt.ownFile();
      leaveWord(join(this.folder, stopFile));
    }
    const waited = now - this.asked;
    const unheard = leaving ? leavingPatience : quickPatience;
    const patient = existsSync(join(this.folder, stoppingFile)) ? patience : unheard;
    const twice = count > 1;
    if (this.sent === "nothing" && twice) this.send("terminate", now);
    else if (this.sent === "nothing" && waited > patient)
      this.send(isWindows ? "terminate" : "interrupt", now);
    else if (this.sent === "interrupt" && (twice || now - this.since > toTerminate))
      this.send("terminate", now);
    else if (this.sent === "terminate" && now - this.since > (twice ? urgent : toKill))
      this.send("kill", now);
  }

  private send(what: "interrupt" | "terminate" | "kill", now: number): void {
    signal(this.child, ({ interrupt: "SIGINT", terminate: "SIGTERM", kill: "SIGKILL" } as const)[what]);
    [this.sent, this.since] = [what, now];
  }
}

function leaveWord(path: string): void {
  try {
    writeFileSync(path, "", { flag: "wx" });
  } catch {
    // It is there already: that is how it was asked.
  }
}

/** Judges what was recorded, one process at a time, whenever there is something new. */
class Judging {
  private running: Promise<void> | null = null;
  private child: ChildProcess | null = null;
  private seen = "";

  constructor(private readonly folder: string) {}

  look(): void {
    if (this.running) return;
    const now = stampOf(join(this.folder, files.factors));
    if (now === this.seen) return;
    this.seen = now;
    void this.run();
  }

  /** The last judgement, the verdict with it. */
  async finish(): Promise<void> {
    await this.running;
    await this.run();
  }

  end(): void {
    this.child?.kill("SIGKILL");
  }

  private run(): Promise<void> {
    this.running = new Promise<void>((done) => {
      const args = [process.argv[1], "judge", this.folder];
      this.child = spawn(process.execPath, args, {
        stdio: ["ignore", "ignore", "inherit"],
        windowsHide: true,
      });
      this.child.once("error", () => done());
      this.child.once("close", () => done());
    }).then(() => {
      [this.running, this.child] = [null, null];
    });
    return this.running;
  }
}

/** Changes whenever a file of factors is added. */
function stampOf(folder: string): string {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    return names.length === 0 ? "" : `${names.length} ${lstatSync(folder).mtimeMs}`;
  } catch {
    return "";
  }
}

export interface ScriptEnd {
  readonly reason: EndReason;
}

/** Trains until the script has ended, and judges what it recorded. @throws Error where it cannot be started. */
export async function trainScript(run: ScriptRun): Promise<ScriptEnd> {
  const { folder, info, interrupt } = run;
  rmSync(join(folder, stoppingFile), { force: true });
  const before = logOf(folder).headers;
  const logBegins = sizeOf(join(folder, files.log));
  const child = await startScript(run);
  const stopping = new Stopping(folder, child, interrupt);
  const judging = new Judging(folder);
  // However this process ends, nothing that the script has started is left behind.
  const endAll = (): void => {
    signal(child, "SIGKILL");
    judging.end();
  };
  process.on("exit", endAll);
  const timer = setInterval(() => {
    stopping.look();
    judging.look();
  }, pollMilliseconds);
  const { code, signal: by } = await new Promise<{ code: number | null; signal: string | null }>((done) =>
    child.once("exit", (code, signal) => done({ code, signal })),
  );
  clearInterval(timer);
  // Workers that it has left behind end with it.
  signal(child, "SIGKILL");
  interrupt.endTraining();
  const log = logOf(folder);
  const watched = log.headers > before;
  const script = resolve(dirname(info.file), info.experiment.trainer.python);
  const reason =
    watched && log.ended
      ? log.ended.reason
      : writeEnd(folder, log, {
          asked: stopping.wanted,
          watched,
          status: code,
          by,
          error: errorIn(readLogText(join(folder, files.log), longestTraceback, logBegins), script),
        });
  const unwanted = setInterval(() => {
    if (interrupt.closingAsked) judging.end();
  }, pollMilliseconds);
  if (interrupt.leaving) {
    judging.end();
    // Our own word, and nobody else's: the script that goes on must not find it.
    rmSync(join(folder, stopFile), { force: true });
  } else if (watched) await judging.finish();
  clearInterval(unwanted);
  process.off("exit", endAll);
  return { reason };
}

const sizeOf = (path: string): number => lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;

function logOf(folder: string): RunSeries {
  const series = new RunSeries(1, false);
  for (const event of new EventTail(join(folder, files.events)).read().events) series.add(event);
  return series;
}

interface Exit {
  readonly asked: boolean;
  /** Whether the script called `basin.watch`. */
  readonly watched: boolean;
  readonly status: number | null;
  readonly by: string | null;
  readonly error: ScriptError | null;
}

/** The end that the script did not write itself: it raised before it could, was killed, or leaves it to us. */
function writeEnd(folder: string, { step, time, diverged }: RunSeries, exit: Exit): EndReason {
  const { asked, watched, status, by, error } = exit;
  const well = status === 0 && watched;
  const reason: EndReason = asked ? "interrupted" : !well ? "error" : diverged ? "diverged" : "steps";
  const said: ScriptError =
    status === 0
      ? { message: neverWatched }
      : (error ?? {
          message: by ? `The script was ended by ${by}.` : `The script ended with status ${status}.`,
        });
  // In the run's log it is told too: what the command line shows of a run that failed.
  if (reason === "error" && (status === 0 || !error)) process.stderr.write(`${said.message}\n`);
  const log = new EventLog(join(folder, files.events));
  log.add({ kind: "end", step, time, reason, ...(reason === "error" && { error: said }) });
  log.sync();
  log.close();
  return reason;
}

const neverWatched =
  "The script ended without calling basin.watch: nothing was recorded. Add `probe = basin.watch(model, optimizer, …)` before the loop and `probe.step(loss)` in it.";
