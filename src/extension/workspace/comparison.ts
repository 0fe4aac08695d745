// The runs that are ticked, in the table or for a comparison, each with its colour for as long as it is: kept with the workspace, so that a reload takes none away.
import * as vscode from "vscode";
import { slotsOf } from "../../record/runSlots";
import type { RunRecord } from "../../record/runRecord";
import { Disposables } from "../disposables";
import type { Runs } from "./runs";

const stateKey = "basin.ticked";
/** Colours are remembered of so many runs that are no longer ticked. */
const mostRemembered = 500;

export class Comparison {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  /** Runs' folders, in the order in which they were ticked. */
  private ticked: readonly string[];
  private slots: ReadonlyMap<string, number>;
  private readonly remembered = new Map<string, number>();

  constructor(
    private readonly context: Pick<vscode.ExtensionContext, "workspaceState">,
    private readonly runs: Runs,
  ) {
    const kept = decode(context.workspaceState.get<unknown>(stateKey));
    this.ticked = kept.map(([run]) => run);
    for (const [run, slot] of kept) if (slot !== null) this.remembered.set(run, slot);
    this.slots = slotsOf(this.remembered, this.ticked);
  }

  /** Every run that is ticked, with its place among the colours, null beyond the last of them. A run that is gone keeps its place, should it come back. */
  get all(): readonly (readonly [run: string, slot: number | null])[] {
    return this.ticked.map((run) => [run, this.slots.get(run) ?? null]);
  }

  has(run: string): boolean {
    return this.ticked.includes(run);
  }

  /** Those that are drawn over one another, with their places. */
  get compared(): readonly (readonly [run: RunRecord, slot: number])[] {
    return [...this.slots].flatMap(([key, slot]): [RunRecord, number][] => {
      const run = this.runs.byKey(key);
      return run ? [[run, slot]] : [];
    });
  }

  tick(runs: readonly string[], on: boolean): void {
    const named = new Set(runs);
    this.set(on ? [...new Set([...this.ticked, ...runs])] : this.ticked.filter((run) => !named.has(run)));
  }

  /** These and no others. */
  set(runs: readonly string[]): void {
    this.ticked = runs;
    this.slots = slotsOf(this.remembered, runs);
    for (const [run, slot] of this.slots) {
      this.remembered.delete(run);
      this.remembered.set(run, slot);
    }
    for (const run of this.remembered.keys()) {
      if (this.remembered.size <= mostRemembered) break;
      if (!this.slots.has(run)) this.remembered.delete(run);
    }
    void this.context.workspaceState.update(stateKey, this.all);
    this.changed.fire();
  }

  dispose(): void {
    this.own.dispose();
  }
}

/** What was kept, or what stands in its place. */
const decode = (kept: unknown): [string, number | null][] =>
  Array.isArray(kept)
    ? kept.flatMap((entry: unknown): [string, number | null][] => {
        if (!Array.isArray(entry) || typeof entry[0] !== "string") return [];
        const slot: unknown = entry[1];
        return [[entry[0], typeof slot === "number" && Number.isInteger(slot) && slot >= 0 ? slot : null]];
      })
    : [];
