// The readings of η/limit while a run trains, which its verdict looks back on; a checkpoint holds them.
import type { CoursePoint } from "../stability/hovering";
import type { NamedTensors } from "./memory";

const columns = ["step", "share", "loss"] as const;

/** Whether every reading has all its numbers; an empty course is saved as no columns at all. */
export const isCourse = (saved: NamedTensors): boolean =>
  new Set(columns.map((name) => saved.get(name)?.length ?? 0)).size === 1;

export class Course {
  /** In float32, as a checkpoint has them: a resume judges the same. */
  private readonly list: CoursePoint[];

  constructor(saved: NamedTensors = new Map()) {
    const [steps, shares, losses] = columns.map((name) => saved.get(name) ?? new Float32Array());
    this.list = Array.from(steps, (step, i) => ({ step, share: shares[i], loss: losses[i] }));
  }

  get points(): readonly CoursePoint[] {
    return this.list;
  }

  /** Adds a reading; a second one at the same step takes the place of the first. */
  add({ step, share, loss }: CoursePoint): void {
    const point = { step: Math.fround(step), share: Math.fround(share), loss: Math.fround(loss) };
    if (this.list.at(-1)?.step === point.step) this.list.pop();
    this.list.push(point);
  }

  save(): NamedTensors {
    return new Map(columns.map((name) => [name, Float32Array.from(this.list, (point) => point[name])]));
  }
}
