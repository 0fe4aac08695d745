// `basin judge RUN`: the limits and the verdict of a run that a script of the user's own trained, from the factors it recorded.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findRun, readRun, type RunRecord } from "../launchers";
import { fileError, UserError } from "../protocol/errors";
import { stringify } from "../protocol/numbers";
import { hasScript } from "../protocol/script";
import { isActive } from "../types/runStatus";
import { exit, type Command } from "./command";
import { processes, runsDirHere, runsOption } from "./places";
import { print, warn } from "./show/print";
import { columnsOf, styleOf } from "./show/text";
import { evidenceLines, verdictLines } from "./show/verdictText";

const exec = promisify(execFile);

/** What the run process tells of a judgement. */
interface Judged {
  readonly judged: number;
  readonly damage: readonly string[];
  readonly busy: boolean;
}

export const judge: Command = {
  name: "judge",
  usage: "RUN [--runs DIR] [--json]",
  summary: "judge a PyTorch run from the factors it recorded",
  details:
    "`run`, the queue and the editor do this by themselves, while a script trains and when it has ended; a run that was trained where there is no Node is judged with this.",
  options: [runsOption, { name: "json", text: "print verdict.json, or null while the run trains" }],
  words: { least: 1, most: 1, what: "a run" },
  run: async (given) => {
    const { folder, info } = await findRun(runsDirHere(given), given.words[0]);
    const { judged, damage, busy } = await judgeFolder(folder);
    for (const line of damage) warn(`${line}\n`);
    const { verdict } = await readRun(folder);
    if (given.has("json")) print(`${stringify(verdict)}\n`);
    else if (verdict) {
      const [style, columns] = [styleOf(process.stdout), columnsOf(process.stdout)];
      print(
        `${[...verdictLines(verdict, style, columns), "", ...evidenceLines(verdict, style, columns)].join("\n")}\n`,
      );
    } else {
      const what = `${judged} ${judged === 1 ? "file" : "files"} of factors`;
      print(
        busy
          ? `${info.id} is being judged by another process.\n`
          : `Judged ${what}; the verdict comes when the run has ended.\n`,
      );
    }
    return exit.done;
  },
};

/** A run that ended where nothing could judge it is judged when it is first asked about. */
export async function judgedRun(run: RunRecord): Promise<RunRecord> {
  if (run.verdict || isActive(run.status) || run.status === "died" || !hasScript(run.info.experiment))
    return run;
  const { damage } = await judgeFolder(run.folder);
  for (const line of damage) warn(`${line}\n`);
  return readRun(run.folder);
}

/** Judges in a process of its own. @throws UserError where the run is none that can be judged. */
export async function judgeFolder(folder: string): Promise<Judged> {
  const { info } = await readRun(folder);
  if (!hasScript(info.experiment))
    throw fileError(
      info.id,
      "was trained by Basin itself and is judged at its end",
      `See: basin verdict ${info.id}`,
    );
  try {
    const { stdout } = await exec(process.execPath, [processes.runScript, "judge", folder], {
      maxBuffer: 2 ** 28,
    });
    return JSON.parse(stdout) as Judged;
  } catch (error) {
    const { stderr, code } = error as Error & { readonly stderr?: string; readonly code?: number };
    if (code === exit.badInput && stderr)
      throw new UserError([{ severity: "error", message: stderr.trim(), place: { file: info.id } }]);
    throw error;
  }
}
