// Runs as JSON: one event a line, the readings that the log packs unpacked; of several runs each line carries the `run` it is of.
import type { RunEvent } from "../../protocol/events";
import { stringify } from "../../protocol/numbers";
import { unpack } from "../../record/pack";
import type { Display, Shown } from "./displays";

export class JsonLines implements Display {
  constructor(private readonly many: boolean) {}

  update(run: Shown, events: readonly RunEvent[]): void {
    const told = events.flatMap((event): RunEvent[] => (event.kind === "metrics" ? unpack(event) : [event]));
    if (told.length > 0) process.stdout.write(told.map((event) => this.line(run, event)).join(""));
  }

  ended(run: Shown): void {
    if (run.verdict) process.stdout.write(this.line(run, { kind: "verdict", ...run.verdict }));
  }

  private line({ id }: Shown, what: object): string {
    return `${stringify(this.many ? { ...what, run: id } : what)}\n`;
  }

  stopping(): void {}
  close(): void {}
}
