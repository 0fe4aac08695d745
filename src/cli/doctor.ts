// `basin doctor`: what works on this machine, and how to get the rest.
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { workspaceOf } from "../launchers";
import { stringify } from "../protocol/numbers";
import { exit, type Command } from "./command";
import { findInterpreter } from "../run/script/interpreter";
import { runScript } from "./places";
import { printable } from "../util/printable";
import { print } from "./show/print";
import { styleOf, type Style } from "./show/text";

const exec = promisify(execFile);
const waitMilliseconds = 20_000;
/** Each of a platform's GPUs may take its minute to prove itself, or not to answer. */
const enginesMilliseconds = 180_000;
/** The first import of torch after a start of the machine reads hundreds of megabytes. */
const torchMilliseconds = 90_000;

/** What the run process tells about an engine. */
interface EngineReport {
  readonly name: string;
  readonly label: string;
  readonly available: boolean;
  readonly version: string;
  readonly auto: boolean;
  readonly reason: string;
  readonly hint: string;
}

interface Finding {
  readonly name: string;
  /** `optional` things may be missing. */
  readonly state: "ok" | "missing" | "optional";
  readonly text: string;
  /** Of the Python that scripts run with: its program, and the versions of torch and of the bridge, "" where it lacks one. */
  readonly python?: { readonly path: string; readonly torch: string; readonly bridge: string };
}

export const doctor: Command = {
  name: "doctor",
  usage: "[--json]",
  summary: "what works on this machine: engines, Python with torch, Slurm",
  options: [{ name: "json", text: "print a JSON list" }],
  words: { least: 0, most: 0, what: "no words" },
  run: async (given) => {
    const [found, torch, cluster] = await Promise.all([engines(), python(), slurm()]);
    const findings = [node(), ...found, torch, cluster, machine(), writable()];
    if (given.has("json")) print(`${stringify(findings)}\n`);
    else print(`${findings.map((one) => lineOf(one, styleOf(process.stdout))).join("\n")}\n`);
    return findings.some(({ state }) => state === "missing") ? exit.failed : exit.done;
  },
};

function lineOf({ name, state, text }: Finding, style: Style): string {
  const sign = state === "ok" ? style.green("✓") : state === "missing" ? style.red("✗") : style.yellow("–");
  return `${sign} ${name.padEnd(18)} ${text}`;
}

function node(): Finding {
  const { node: version } = process.versions;
  const state = Number(version.split(".")[0]) >= 20 ? "ok" : "missing";
  return { name: "Node", state, text: state === "ok" ? version : `${version}; expected 20 or newer` };
}

/** Asks the run process: it alone loads engines. */
async function engines(): Promise<Finding[]> {
  try {
    const { stdout } = await exec(process.execPath, [runScript, "doctor"], { timeout: enginesMilliseconds });
    const reports = JSON.parse(stdout) as EngineReport[];
    // One engine is enough; without any nothing runs.
    const absent = reports.some(({ auto }) => auto) ? "optional" : "missing";
    return reports.map(({ name, label, available, version, auto, reason, hint }) => ({
      name: `engine ${name}`,
      state: available ? "ok" : absent,
      text: available
        ? `${label}, ${version}${auto ? ' (what "auto" uses here)' : ""}`
        : `${reason}. ${hint}`,
    }));
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const text = (stderr?.trim() || message).split("\n")[0];
    return [{ name: "engines", state: "missing", text: `the run process does not start: ${text}` }];
  }
}

/** Prints Python's version, torch's and basin-torch's, a line each; empty where there is none. */
const versions = `
import sys
print(sys.version.split()[0])
for name in ("torch", "basin"):
    try:
        module = __import__(name)
        print(getattr(module, "__version__", "installed"))
    except Exception:
        print("")`;

/** The Python that runs scripts here, with its torch and the bridge: needed for scripts of one's own alone. */
async function python(): Promise<Finding> {
  const name = "Python with torch";
  const optional = (text: string): Finding => ({ name, state: "optional", text });
  try {
    const { path, from } = findInterpreter({ folder: process.cwd() });
    const { stdout } = await exec(path, ["-c", versions], { timeout: torchMilliseconds });
    const [own, torch, bridge] = stdout.split(/\r?\n/).map((line) => line.trim());
    const python = { path, torch, bridge };
    const where = `Python ${own}, ${path}, by ${from}`;
    if (!torch)
      return {
        ...optional(`no torch (${where}); runs of your own scripts need it: pip install torch`),
        python,
      };
    const text = bridge ? `basin-torch ${bridge}` : "without basin-torch, which `basin.watch` comes with";
    return { name, state: "ok", text: `torch ${torch}, ${text} (${where})`, python };
  } catch (error) {
    return optional(`${(error as Error).message.split("\n")[0]}; runs of your own scripts need it`);
  }
}

async function slurm(): Promise<Finding> {
  try {
    const { stdout } = await exec("sbatch", ["--version"], { timeout: waitMilliseconds });
    const { stdout: parts } = await exec("sinfo", ["-h", "-o", "%P %a"], { timeout: waitMilliseconds });
    const up = parts.split("\n").filter((line) => line.endsWith(" up"));
    const names = [...new Set(up.map((line) => line.split(" ")[0].replace("*", "")))].join(", ");
    return {
      name: "Slurm",
      state: "ok",
      text: `${stdout.trim()}, partitions: ${printable(names) || "none is up"}`,
    };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const text = missing ? "not found" : "installed, but its controller does not answer (`scontrol ping`)";
    return { name: "Slurm", state: "optional", text: `${text}; runs start on this machine` };
  }
}

function machine(): Finding {
  const size = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const text = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), memory ${size(freemem())} free of ${size(totalmem())}`;
  return { name: "machine", state: "ok", text };
}

/** Whether runs started here can be written; asks, writes nothing. */
function writable(): Finding {
  const workspace = workspaceOf(join(process.cwd(), "any.basin.json"));
  for (let folder = join(workspace, ".basin", "runs"); ; folder = dirname(folder)) {
    try {
      accessSync(folder, constants.W_OK);
      return {
        name: "runs folder",
        state: "ok",
        text: `${join(workspace, ".basin", "runs")} can be written`,
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && folder !== dirname(folder)) continue;
      return { name: "runs folder", state: "missing", text: `${folder} cannot be written; use --runs DIR` };
    }
  }
}
