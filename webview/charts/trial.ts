// The learning rate and batch size that are being tried out on a page: one pair for the map and the controls below it.
import type { TrialSettings } from "../store/trial";

export class Trial {
  private tried: TrialSettings | undefined;
  private readonly listeners: (() => void)[] = [];

  /** undefined: the run's own. */
  get settings(): TrialSettings | undefined {
    return this.tried;
  }

  set(settings: TrialSettings | undefined): void {
    this.tried = settings;
    for (const listener of this.listeners) listener();
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }
}
