// Readings as numbers: what else they are made of (names, methods, lengths of lists) seldom changes, and both threads know it once it was told.
import type { NotTaken, Taken } from "../measuring";

type Readings = readonly (Taken | NotTaken)[];

/** Numbers of the readings of a step at most. */
export const mostNumbers = 64;
/** Forms at most. */
const mostForms = 16;
/** The form of readings that are told in full. */
export const inFull = -1;

/**
 * The forms that have been told, in the same order on both sides. To tell another thread a hundred objects costs as much as some steps
 * of a small net's training, their numbers next to nothing.
 */
export class Forms {
  /** An example of each. */
  private readonly known: Readings[] = [];

  /** Readings that are told in full: those of the same form need not be again. */
  learn(example: Readings): void {
    if (this.known.length === mostForms) return;
    const count = example.reduce((sum, one) => sum + numbersOf(one), 0);
    if (count <= mostNumbers) this.known.push(example);
  }

  /** Writes the numbers of readings; the form that they have, or `inFull` where it is none that is known. */
  write(readings: Readings, to: Float64Array): number {
    return this.known.findIndex((example) => new Writing(to).isLike(example, readings));
  }

  /** The readings of a form with those numbers. */
  read(form: number, from: Float64Array): Taken[] {
    const reading = new Numbers(from);
    return this.known[form].map((one) => reading.taken(one as Taken));
  }
}

const lengthOf = (value: number | readonly number[] | undefined): number =>
  typeof value === "object" ? value.length : value === undefined ? 0 : 1;

/** What cannot be taken is told once, in full. */
const numbersOf = (one: Taken | NotTaken): number =>
  "why" in one
    ? Infinity
    : one.readings.reduce((sum, { value, error }) => sum + 2 + lengthOf(value) + lengthOf(error), 2);

/** Writes numbers as long as the form is the example's. */
class Writing {
  private at = 0;

  constructor(private readonly to: Float64Array) {}

  isLike(example: Readings, own: Readings): boolean {
    return own.length === example.length && own.every((one, i) => this.isLikeOne(example[i] as Taken, one));
  }

  private isLikeOne(example: Taken, own: Taken | NotTaken): boolean {
    if ("why" in own || own.probe !== example.probe || own.readings.length !== example.readings.length)
      return false;
    if (own.leftOut.length !== example.leftOut.length) return false;
    if (!own.leftOut.every((what, i) => what === example.leftOut[i])) return false;
    this.cost(own.cost);
    for (let i = 0; i < own.readings.length; i++) {
      const [a, b] = [example.readings[i], own.readings[i]];
      if (a.metric !== b.metric || a.how !== b.how || a.method !== b.method) return false;
      if (!this.isLikeValue(a.value, b.value) || !this.isLikeValue(a.error, b.error)) return false;
      this.cost(b.cost);
    }
    return true;
  }

  private isLikeValue(
    example: number | readonly number[] | undefined,
    own: number | readonly number[] | undefined,
  ): boolean {
    if (typeof own === "number") {
      this.to[this.at++] = own;
      return typeof example === "number";
    }
    if (own === undefined || example === undefined) return own === example;
    if (!Array.isArray(example) || example.length !== own.length) return false;
    for (const x of own) this.to[this.at++] = x;
    return true;
  }

  private cost({ products, seconds }: Taken["cost"]): void {
    this.to[this.at++] = products;
    this.to[this.at++] = seconds;
  }
}

/** Reads them, in the same order. */
class Numbers {
  private at = 0;

  constructor(private readonly from: Float64Array) {}

  taken({ probe, readings, leftOut }: Taken): Taken {
    const cost = this.cost();
    return { probe, cost, readings: readings.map((example) => this.reading(example)), leftOut };
  }

  private reading({
    metric,
    value,
    error,
    how,
    method,
  }: Taken["readings"][number]): Taken["readings"][number] {
    const own = this.value(value);
    if (error === undefined) return { metric, value: own, how, method, cost: this.cost() };
    return { metric, value: own, how, method, error: this.value(error), cost: this.cost() };
  }

  private value(example: number | readonly number[]): number | readonly number[] {
    return typeof example === "number" ? this.from[this.at++] : example.map(() => this.from[this.at++]);
  }

  private cost(): Taken["cost"] {
    return { products: this.from[this.at++], seconds: this.from[this.at++] };
  }
}
