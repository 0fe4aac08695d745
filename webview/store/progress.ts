// How far a run is, how fast it goes and how long it will take. Pure.
import { lowerBound } from "../../src/util/lowerBound";
import type { RunModel } from "./runModel";
import { unlimitedSteps } from "../../src/types/unlimitedSteps";

export interface Progress {
  readonly step: number;
  /** undefined for a run limited by time or loss only. */
  readonly steps: number | undefined;
  /** 0 to 1; undefined where it cannot be known. */
  readonly fraction: number | undefined;
  readonly stepsPerSecond: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** The rate is that of the last seconds: probes make it uneven, and the start is slow. */
const window = 10;

export function progressOf({ info, series }: RunModel): Progress {
  const { header, step, time, clock } = series;
  const { stop } = info.experiment;
  const planned = header?.steps ?? stop.steps;
  const steps = planned < unlimitedSteps ? planned : undefined;
  const seconds = stop.minutes === undefined ? undefined : stop.minutes * 60;
  const from = clock.values.length > 0 ? lowerBound(clock.values, time - window) : 0;
  const first = Math.max(0, Math.min(from, clock.values.length - 2));
  const passed = time - (clock.values[first] ?? 0);
  const done = step - (clock.steps[first] ?? 0);
  const stepsPerSecond = passed > 0 && done > 0 ? done / passed : undefined;
  const bySteps = steps === undefined || !stepsPerSecond ? undefined : (steps - step) / stepsPerSecond;
  const byTime = seconds === undefined ? undefined : seconds - time;
  const left =
    steps !== undefined && bySteps === undefined ? NaN : Math.min(bySteps ?? Infinity, byTime ?? Infinity);
  const fractions = [
    ...(steps === undefined ? [] : [step / steps]),
    ...(seconds === undefined ? [] : [time / seconds]),
  ];
  return {
    step,
    steps,
    stepsPerSecond,
    fraction: fractions.length > 0 ? Math.min(1, Math.max(...fractions)) : undefined,
    secondsLeft: Number.isFinite(left) ? Math.max(0, left) : undefined,
  };
}
