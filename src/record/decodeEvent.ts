// The door of a run's log: one line in, one event with true types out. What is no event is null and costs nothing but itself.
import type { Earlier, EndReason, Measured, RunEvent, ScriptError } from "../protocol/events";
import { kinkWords, type Kink } from "../protocol/kinks";
import type { MetricValues } from "../protocol/metrics";
import { decodeNum } from "../protocol/numbers";
import type { MetricInfo } from "../types/metricInfo";
import type { Cost } from "../types/reading";
import { unpackColumn } from "./packColumns";
import { isNum, isRaw, isStep, numberOr, text, texts, type Raw } from "./decode";

type Header = Extract<RunEvent, { kind: "header" }>;
type Metrics = Extract<RunEvent, { kind: "metrics" }>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const reasons: readonly EndReason[] = ["steps", "trainLoss", "minutes", "diverged", "interrupted", "error"];

/** One line of `events.jsonl`. `unknown` is an object of a kind that a later version writes; anything else that is no event is damage. */
export function decodeLine(line: string): RunEvent | "unknown" | "damaged" {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return "damaged";
  }
  const event = decodeEvent(raw);
  if (event) return event;
  return isRaw(raw) && typeof raw.kind === "string" && !Object.hasOwn(decoders, raw.kind)
    ? "unknown"
    : "damaged";
}

/** A parsed line as an event: numbers are numbers (NaN and infinities too), every field is there and of its type. */
export function decodeEvent(raw: unknown): RunEvent | null {
  if (!isRaw(raw)) return null;
  const { kind } = raw;
  if (typeof kind !== "string" || !Object.hasOwn(decoders, kind)) return null;
  return decoders[kind as RunEvent["kind"]](raw);
}

const decoders: Readonly<Record<RunEvent["kind"], (raw: Raw) => RunEvent | null>> = {
  header,
  metrics,
  heartbeat: ({ time }) => ({ kind: "heartbeat", time: numberOr(time, 0) }),
  checkpoint: ({ step, file }) =>
    isStep(step) ? { kind: "checkpoint", step, file: text(file) ?? "" } : null,
  diverged: ({ step, what }) =>
    isStep(step)
      ? { kind: "diverged", step, what: what === "gradient" || what === "parameters" ? what : "loss" }
      : null,
  note: ({ step, message }) =>
    isStep(step) && typeof message === "string" ? { kind: "note", step, message: text(message)! } : null,
  closing: ({ step, what, done, of }) =>
    isStep(step) && isStep(done) && isStep(of)
      ? { kind: "closing", step, what: text(what) ?? "", done, of }
      : null,
  end: ({ step, time, reason, error }) =>
    isStep(step) && reasons.includes(reason as EndReason)
      ? {
          kind: "end",
          step,
          time: numberOr(time, 0),
          reason: reason as EndReason,
          ...(isRaw(error) && typeof error.message === "string" && { error: scriptError(error) }),
        }
      : null,
};

const scriptError = ({ message, file, line }: Raw): ScriptError => ({
  message: text(message) ?? "",
  ...(typeof file === "string" && { file: text(file)! }),
  ...(isStep(line) && line > 0 && { line }),
});

function header(raw: Raw): Header | null {
  const { resumedAt, dynamics, held } = raw;
  if (resumedAt !== undefined && !isStep(resumedAt)) return null;
  return {
    kind: "header",
    schema: 1,
    id: text(raw.id) ?? "",
    name: text(raw.name) ?? "",
    parameters: numberOr(raw.parameters, NaN),
    examples: numberOr(raw.examples, NaN),
    outputs: numberOr(raw.outputs, NaN),
    engine: text(raw.engine) ?? "",
    probes: texts(raw.probes),
    steps: numberOr(raw.steps, Infinity),
    ...(isStep(held) && held > 0 && { held }),
    ...(Array.isArray(raw.layers) && { layers: texts(raw.layers) }),
    ...(Array.isArray(raw.kinks) && {
      kinks: raw.kinks.filter((kink): kink is Kink => Object.hasOwn(kinkWords, String(kink))),
    }),
    ...(resumedAt !== undefined && { resumedAt }),
    ...(Array.isArray(raw.metrics) && { metrics: raw.metrics.flatMap(metricInfo) }),
    ...(isRaw(dynamics) && { dynamics: dynamicsOf(dynamics) }),
  };
}

function dynamicsOf(raw: Raw): Header["dynamics"] {
  const number = (key: "momentum" | "gain" | "weightDecay" | "decoupledDecay") =>
    typeof raw[key] === "number" ? { [key]: raw[key] } : {};
  return {
    preconditioned: raw.preconditioned === true,
    ...(typeof raw.nesterov === "boolean" && { nesterov: raw.nesterov }),
    ...number("momentum"),
    ...number("gain"),
    ...number("weightDecay"),
    ...number("decoupledDecay"),
    // Of batches it is no number, which says that no limit is known.
    ...(raw.radius !== undefined && { radius: numberOr(raw.radius, NaN) }),
  };
}

function metricInfo(raw: unknown): MetricInfo[] {
  if (!isRaw(raw)) return [];
  const name = text(raw.name);
  if (!name) return [];
  const source = text(raw.source);
  return [
    {
      name,
      label: text(raw.label) ?? name,
      unit: text(raw.unit) ?? "",
      about: text(raw.about) ?? "",
      ...(source && { source }),
    },
  ];
}

function metrics({ step, time, values, probe, cost, how, earlier }: Raw): RunEvent | null {
  if (!isStep(step) || !isRaw(values)) return null;
  const event: Writable<Metrics> = {
    kind: "metrics",
    step,
    time: numberOr(time, NaN),
    values: valuesOf(values),
  };
  // Most lines have none of these: a log of a million events is read in seconds.
  if (probe !== undefined) event.probe = text(probe);
  if (cost !== undefined) event.cost = costOf(cost);
  if (isRaw(how)) event.how = Object.fromEntries(Object.entries(how).flatMap(measured));
  if (earlier !== undefined) event.earlier = earlierOf(earlier);
  return event;
}

function valueOf(value: unknown): number | number[] | undefined {
  if (isNum(value)) return decodeNum(value);
  return Array.isArray(value) && value.every(isNum) ? value.map(decodeNum) : undefined;
}

/** What is no number is left out: the other values of the line are still good. */
function valuesOf(raw: Raw): MetricValues {
  const values: Record<string, number | number[]> = {};
  for (const name of Object.keys(raw)) {
    const value = valueOf(raw[name]);
    if (value !== undefined && name !== "__proto__") values[name] = value;
  }
  return values;
}

function costOf(raw: unknown): Cost | undefined {
  return isRaw(raw)
    ? { products: numberOr(raw.products, NaN), seconds: numberOr(raw.seconds, NaN) }
    : undefined;
}

function measured([name, raw]: [string, unknown]): [string, Measured][] {
  if (!isRaw(raw) || name === "__proto__") return [];
  const { how } = raw;
  if (how !== "exact" && how !== "estimate" && how !== "bound") return [];
  return [[name, { how, method: text(raw.method) ?? "" }]];
}

/** Columns that are none are left out; steps that do not ascend make the rest worthless. */
function earlierOf(raw: unknown): Earlier | undefined {
  if (!isRaw(raw) || !isRaw(raw.values)) return undefined;
  const steps = stepsOf(raw.steps);
  if (!steps) return undefined;
  const n = steps.length;
  const { sharpness } = raw.values;
  const top = sharpness === undefined ? undefined : unpackColumn(sharpness, n);
  const values: Record<string, readonly (number | readonly number[])[]> = {};
  for (const [name, packed] of Object.entries(raw.values).slice(0, mostColumns)) {
    const column = unpackColumn(packed, n, top);
    if (column && name !== "__proto__") values[name] = column;
  }
  const times: readonly unknown[] = Array.isArray(raw.times) ? raw.times : [];
  const cost = costOf(raw.cost);
  return {
    steps,
    times: [numberOr(times[0], NaN), numberOr(times[1], NaN)],
    values,
    ...(cost && { cost }),
  };
}

/** More readings than this came in no quarter second; a line of a few bytes must not ask for gigabytes. */
const mostPacked = 100_000;
/** Columns of one line. */
const mostColumns = 64;

function stepsOf(raw: unknown): number[] | undefined {
  if (isRaw(raw)) {
    const { from, every, n } = raw;
    if (!isStep(from) || !isStep(every) || !isStep(n) || every === 0 || n > mostPacked) return undefined;
    return isStep(from + every * n) ? Array.from({ length: n }, (_, i) => from + i * every) : undefined;
  }
  if (!Array.isArray(raw)) return undefined;
  const steps: readonly unknown[] = raw;
  return steps.every((step, i) => isStep(step) && (i === 0 || step > (steps[i - 1] as number)))
    ? (steps as number[])
    : undefined;
}
