// Runs on a terminal: lines that are drawn over ten times a second, and above them what has ended.
import { isActive } from "../../types/runStatus";
import { stoppingText, type Display, type Shown } from "./displays";
import { safe } from "./print";
import { blockLines } from "./runBlock";
import { rowLines } from "./runRows";
import { cut, styleOf, type Style } from "./text";

const drawMilliseconds = 100;
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

export class LiveBlock implements Display {
  private readonly style: Style = styleOf(process.stdout);
  private readonly timer: NodeJS.Timeout;
  /** Lines on the screen that the next drawing replaces. */
  private lines = 0;
  private asked = false;
  private closed = false;
  private readonly restore = () => process.stdout.write(showCursor);

  constructor(private readonly runs: readonly Shown[]) {
    process.stdout.write(hideCursor);
    process.once("exit", this.restore);
    this.timer = setInterval(() => this.draw(""), drawMilliseconds);
    this.draw("");
  }

  update(): void {}

  ended(run: Shown, text: string): void {
    if (this.runs.length > 1) return this.draw(`${this.style.bold(run.title)}${text}\n`);
    // The block of a single run stays, with its curves; what it came to stands below.
    this.close();
    process.stdout.write(safe(text));
  }

  stopping(): void {
    this.asked = true;
    this.draw("");
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
    this.draw("");
    this.restore();
    process.removeListener("exit", this.restore);
  }

  /** Draws over what was drawn before, in one write, so that nothing flickers. `above` is printed for good. */
  private draw(above: string): void {
    const width = (process.stdout.columns || 80) - 1;
    const lines = this.content(width).map((line) => cut(safe(line), width));
    const up = this.lines > 0 ? `\u001b[${this.lines}A` : "";
    const text = [...(above === "" ? [] : [safe(above)]), ...lines].join("\n");
    process.stdout.write(`${up}\r\u001b[J${text}${text === "" ? "" : "\n"}`);
    this.lines = lines.length;
  }

  private content(width: number): string[] {
    const stopping = this.asked && !this.closed ? [this.style.yellow(stoppingText)] : [];
    if (this.runs.length === 1) return [...blockLines(this.runs[0], this.style, width), ...stopping];
    // The table that follows tells of all of them.
    if (this.closed || !this.runs.some(({ status }) => isActive(status))) return [];
    const room = Math.max(3, (process.stdout.rows || 24) - 3 - stopping.length);
    return [...rowLines(this.runs, this.style, room), ...stopping];
  }
}
