// Has runs of scripts judged that nobody else judges: those that were started by hand, while they train and when they have ended.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import { hasScript } from "../../protocol/script";
import { isActive } from "../../types/runStatus";
import { runCli } from "../cliProcess";
import { Disposables } from "../disposables";
import type { Runs } from "./runs";

/** A run that trains is looked at this often; what is judged already is not judged again. */
const pauseMilliseconds = 15_000;

export class ScriptJudges {
  private readonly own = new Disposables();
  /** When a run was last judged here, and how far it was then. */
  private readonly asked = new Map<string, { readonly at: number; readonly state: string }>();
  private busy = false;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly runs: Runs,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.own.own(runs.onDidChange(() => void this.look()));
    this.own.own(vscode.workspace.onDidGrantWorkspaceTrust(() => void this.look()));
  }

  /** One process at a time, the newest run first. */
  private async look(): Promise<void> {
    if (this.busy || !vscode.workspace.isTrusted) return;
    const run = this.runs.all.find((one) => this.isDue(one));
    if (!run) return;
    this.busy = true;
    this.asked.set(run.folder, { at: performance.now(), state: stateOf(run) });
    const { status, errors } = await runCli(this.context, ["judge", run.folder]).catch((error: unknown) => ({
      status: 1,
      errors: String(error),
    }));
    this.busy = false;
    if (status !== 0) this.log.warn(`Run ${run.info.id} could not be judged: ${errors}`);
    else await this.runs.refresh();
  }

  private isDue(run: RunRecord): boolean {
    const { info, status, verdict, folder } = run;
    // One that Basin started is judged by its own process.
    if (!hasScript(info.experiment) || verdict || status === "queued" || status === "died") return false;
    if (isActive(status) && info.handle?.on !== "external") return false;
    const before = this.asked.get(folder);
    if (!before) return true;
    return (
      before.state !== stateOf(run) &&
      (!isActive(status) || performance.now() - before.at > pauseMilliseconds)
    );
  }

  dispose(): void {
    this.own.dispose();
  }
}

/** What a judgement depends on. */
const stateOf = ({ status, step }: RunRecord): string => (isActive(status) ? `${status} ${step}` : status);
