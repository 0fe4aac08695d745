// The step that every chart of a page points at: where the pointer is, else where the user left the playhead.
type Listener = () => void;

export class Playhead {
  private pointed: number | undefined;
  private left: number | undefined;
  private readonly listeners = new Set<Listener>();
  private frame = 0;

  /** The step to show; undefined for the latest. */
  get step(): number | undefined {
    return this.pointed ?? this.left;
  }

  /** Where it stays when the pointer goes. */
  get kept(): number | undefined {
    return this.left;
  }

  /** The pointer is over a step, or over none. */
  point(step: number | undefined): void {
    if (step === this.pointed) return;
    this.pointed = step;
    this.tell();
  }

  /** Puts it down at a step; undefined takes it away. */
  keep(step: number | undefined): void {
    if (step === this.left) return;
    this.left = step;
    this.tell();
  }

  /** Calls at most once a frame, until what it returns is called. */
  onMove(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      for (const listener of this.listeners) listener();
    });
  }
}
