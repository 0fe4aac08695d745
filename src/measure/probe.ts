// What a probe is: one measurement at a fixed point of the run, with the keys it has in an experiment and the cost it declares.
import type { DeadUnits } from "../curvature/deadUnits";
import type { Meter } from "../curvature/meter";
import type { Experiment, ProbesSpec } from "../protocol/experiment";
import type { JsonObject } from "../protocol/jsonPath";
import type { Bracket } from "../types/bracket";
import type { ChainLink } from "../types/chainLink";
import type { MetricInfo } from "../types/metricInfo";
import type { Cost, How, Reading } from "../types/reading";
import type { Flattest } from "../stability/judge";
import type { MapRow } from "../stability/stabilityMap";
import type { Typical } from "../stability/typical";
import type { Budget } from "./budget";
import type { ProbeMemory } from "./memory";
import { forEigenvalues, type Capability, type Point } from "./point";
import { reach } from "./sampling";

/** How much a reading may cost: while training as little as its settings ask, at the end what a verdict is worth. */
type Effort = "running" | "closing";

export interface Task {
  readonly point: Point;
  /** The experiment's probes, with their settings. */
  readonly probes: ProbesSpec;
  readonly effort: Effort;
  /** The run's step; absent where nothing trains. */
  readonly step?: number;
  readonly memory: ProbeMemory;
  readonly budget: Budget;
  /** What was read at this point before, by metric. */
  readonly known: ReadonlyMap<string, Reading>;
  /** Where the run began, for what is relative to it. NaN where that is not known. */
  readonly initialLoss: number;
}

/** What a typical run does, and which part of the directions says so. */
export interface TypicalFact extends Typical {
  readonly rank: number;
  readonly fullRank: number;
}

/** What a verdict needs beside numbers. */
export interface Facts {
  /** The most negative curvature in the coordinates of the optimizer's dynamics, where it was measured. */
  readonly flattest?: Flattest;
  readonly variance?: Bracket;
  readonly typical?: TypicalFact;
  readonly deadUnits?: DeadUnits;
  /** How many of the training examples everything speaks of, where they are not all. */
  readonly sample?: string;
  /** Of which batch normalization's statistics everything speaks, where there are some. */
  readonly statistics?: string;
  /** Why there is no mean-square limit. */
  readonly noVariance?: string;
  readonly map?: readonly MapRow[];
  readonly smallestStableBatch?: number | null;
  readonly chain?: readonly ChainLink[];
}

export interface Measured {
  readonly readings: readonly Reading[];
  readonly facts?: Facts;
  /** What the budget left no time or memory for, in words that follow "Left out: ". */
  readonly leftOut?: readonly string[];
}

/** JSON-schema fragment of a probe's keys in an experiment. */
interface ProbeFragment {
  readonly description?: string;
  readonly markdownDescription?: string;
  readonly properties: Readonly<Record<string, JsonObject>>;
}

export interface Probe {
  readonly id: keyof ProbesSpec;
  readonly label: string;
  /** What one reading costs, in words for the panel. */
  readonly cost: string;
  readonly spec: ProbeFragment;
  /** What a point must be able to do. */
  readonly needs: readonly Capability[];
  /** Whether it reads eigenvalues and what follows from them, for which what the examples see of θ is enough. */
  readonly ofEigenvalues?: true;
  /** Metrics that protocol/metrics.ts does not name. */
  readonly metrics: readonly MetricInfo[];
  measure(task: Task): Promise<Measured>;
}

/** The point that a probe is given: what the examples see of θ where that is enough for it and markedly less. */
export const pointFor = ({ ofEigenvalues }: Probe, point: Point): Point | Promise<Point> =>
  ofEigenvalues ? forEigenvalues(point) : point;

/** Steps between readings, or undefined when the experiment does not ask for the probe. */
export const everyOf = ({ id }: Probe, { probes }: Experiment): number | undefined => probes[id]?.every;

/** Names of eigenvalue searches that ended before they were done, for `leftOut`. */
export const cutShort = (searches: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(searches).flatMap(([what, cut]) => (cut ? [`the rest of the search for ${what}`] : []));

/** How a value came about. */
export interface Way {
  readonly how: How;
  readonly method: string;
  readonly error?: Reading["error"];
  /** It is of all training examples, also where the point holds some of them. */
  readonly ofAll?: boolean;
  /** Standard error of sampling, where the point holds some of the examples; 0 where `error` has it. Nobody knows it where it is left out. */
  readonly sampling?: Reading["error"];
}

/** Error bar and sampling together, entry by entry. */
function widened(
  own: Reading["error"] = 0,
  sampling: Reading["error"] = Infinity,
): NonNullable<Reading["error"]> {
  if (typeof own === "number" && typeof sampling === "number") return Math.hypot(own, reach * sampling);
  const at = (error: number | readonly number[], i: number): number =>
    typeof error === "number" ? error : error[i];
  const { length } = typeof own === "number" ? (sampling as readonly number[]) : own;
  return Array.from({ length }, (_, i) => Math.hypot(at(own, i), reach * at(sampling, i)));
}

/** Collects readings, each with what was spent since the one before. Of a point that holds some of the examples each is an estimate. */
export class Readings {
  readonly list: Reading[] = [];
  private products: number;
  private at = performance.now();
  private spent: Cost = { products: 0, seconds: 0 };

  private readonly meter: Meter;

  constructor(private readonly of: Pick<Point, "meter" | "population"> & Partial<Pick<Point, "examples">>) {
    this.meter = of.meter;
    this.products = of.meter.products;
  }

  /** Ends a computation: the readings that follow cost what it did. */
  lap(): Cost {
    const now = performance.now();
    this.spent = { products: this.meter.products - this.products, seconds: (now - this.at) / 1000 };
    [this.products, this.at] = [this.meter.products, now];
    return this.spent;
  }

  add(metric: string, value: Reading["value"], way: Way): Reading {
    const { examples, population } = this.of;
    const { how, method, error } = way;
    const part =
      way.ofAll !== true && examples !== undefined && population !== undefined && examples < population;
    const cost = this.spent;
    const reading: Reading = part
      ? {
          metric,
          value,
          how: "estimate",
          method: `${method}; ${examples} of ${population} examples`,
          error: widened(error, way.sampling),
          cost,
        }
      : error === undefined
        ? { metric, value, how, method, cost }
        : { metric, value, how, method, error, cost };
    this.list.push(reading);
    return reading;
  }
}

export const exact = (method: string): Way => ({ how: "exact", method });

/** The same of all training examples, however many the point holds. */
export const exactOfAll = (method: string): Way => ({ ...exact(method), ofAll: true });
