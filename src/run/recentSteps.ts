// The last steps of training, kept so that a divergence can be seen step by step.
import type { Earlier } from "../protocol/events";

/** Steps kept. */
const most = 1000;

export class RecentSteps {
  private readonly steps = new Float64Array(most);
  private readonly losses = new Float64Array(most);
  private readonly norms = new Float64Array(most);
  private readonly times = new Float64Array(most);
  private count = 0;

  add(step: number, time: number, loss: number, gradNorm: number): void {
    const i = this.count++ % most;
    this.steps[i] = step;
    this.times[i] = time;
    this.losses[i] = loss;
    this.norms[i] = gradNorm;
  }

  /** In columns, oldest first, under the given names; undefined before the first step. */
  columns(loss: string, gradNorm: string): Earlier | undefined {
    const { count } = this;
    if (count === 0) return undefined;
    const size = Math.min(count, most);
    const ordered = (ring: Float64Array): number[] =>
      Array.from({ length: size }, (_, i) => ring[(count - size + i) % most]);
    const times = ordered(this.times);
    return {
      steps: ordered(this.steps),
      times: [times[0], times[size - 1]],
      values: { [loss]: ordered(this.losses), [gradNorm]: ordered(this.norms) },
    };
  }
}
