// The readings of η/limit while a run trains, which its verdict looks back on; a checkpoint holds them.
import type { CoursePoint } from "../stability/hovering";
import type { NamedTensors } from "./memory";

const columns = ["step", "share", "loss"] as const;

const firstRoom = 64;

/** Whether every reading has all its numbers; an empty course is saved as no columns at all. */
export const isCourse = (saved: NamedTensors): boolean =>
  new Set(columns.map((name) => saved.get(name)?.length ?? 0)).size === 1;

/** In float32, as a checkpoint has them: a resume judges the same. In columns, for every checkpoint copies them. */
export class Course {
  private readonly values: Record<(typeof columns)[number], Float32Array>;
  private length: number;

  constructor(saved: NamedTensors = new Map()) {
    const [step, share, loss] = columns.map((name) => saved.get(name)?.slice() ?? new Float32Array());
    this.values = { step, share, loss };
    this.length = step.length;
  }

  get points(): readonly CoursePoint[] {
    const { step, share, loss } = this.values;
    return Array.from({ length: this.length }, (_, i) => ({ step: step[i], share: share[i], loss: loss[i] }));
  }

  /** Adds a reading; a second one at the same step takes the place of the first. */
  add(point: CoursePoint): void {
    const { step } = this.values;
    const again = this.length > 0 && step[this.length - 1] === Math.fround(point.step);
    const at = again ? this.length - 1 : this.length++;
    for (const name of columns) {
      if (at === this.values[name].length) this.values[name] = grown(this.values[name]);
      this.values[name][at] = point[name];
    }
  }

  save(): NamedTensors {
    return new Map(columns.map((name) => [name, this.values[name].slice(0, this.length)]));
  }
}

function grown(old: Float32Array): Float32Array {
  const values = new Float32Array(Math.max(firstRoom, 2 * old.length));
  values.set(old);
  return values;
}
