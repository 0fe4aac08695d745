// The learning rate and batch size that are being tried out on a page: one pair for the map and the controls below it.
import type { TrialSettings } from "../store/trial";

export class Trial {
  private tried: TrialSettings | undefined;
  private readonly listeners = new Set<() => void>();

  /** undefined: the run's own. */
  get settings(): TrialSettings | undefined {
    return this.tried;
  }

  set(settings: TrialSettings | undefined): void {
    this.tried = settings;
    for (const listener of this.listeners) listener();
  }

  /** Calls until what it returns is called. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
