// Writing readings in columns loses nothing: both ways of writing fold to one and the same series.
import { describe, expect, it } from "vitest";
import { stringify } from "../../../src/protocol/numbers";
import type { RunEvent } from "../../../src/protocol/events";
import { decodeLine } from "../../../src/record/decodeEvent";
import { encodeEvent, pack, roundEvent } from "../../../src/record/pack";
import { RunSeries } from "../../../src/record/runSeries";
import { meanLimit } from "../../../src/stability/thresholds";
import { Rng } from "../../../src/util/rng";

const header: Extract<RunEvent, { kind: "header" }> = {
  kind: "header",
  schema: 1,
  id: "r",
  name: "r",
  parameters: 10,
  examples: 20,
  outputs: 1,
  engine: "test 1",
  probes: ["sharpness", "noise"],
  steps: 1000,
  dynamics: { preconditioned: false, momentum: 0.5 },
};

/** A run of `steps` steps as its process tells it: losses, sharpness every 2 (of Adam's preconditioned matrix too where asked), noise every 30. */
function told(steps: number, top: number, preconditioned = false): RunEvent[] {
  const rng = new Rng(7, "test");
  const events: RunEvent[] = [{ ...header, dynamics: { preconditioned, momentum: 0.5 } }];
  let variance = Infinity;
  for (let step = 0; step < steps; step++) {
    const time = step * 0.00037;
    events.push({
      kind: "metrics",
      step,
      time,
      values: { "loss.train": rng.uniform(), gradNorm: rng.normal() },
    });
    if (step % 2 === 1) continue;
    const sharpness = step === 100 ? NaN : 1 + rng.uniform();
    const eigenvalues = Array.from({ length: top }, (_, i) => sharpness / (i + 1));
    const error = 1e-4 * rng.uniform();
    const own = 3 * sharpness + rng.uniform();
    const ownError = 1e-4 * rng.uniform();
    const [decisive, decisiveError] = preconditioned ? [own, ownError] : [sharpness, error];
    const mean = meanLimit(decisive, { momentum: 0.5 });
    events.push({
      kind: "metrics",
      step,
      time,
      probe: "sharpness",
      cost: { products: 2, seconds: 0.000123456 },
      values: {
        sharpness,
        "sharpness.error": error,
        eigenvalues,
        "eigenvalues.error": eigenvalues.map((_, i) => (i === 0 ? error : 1e-4 * rng.uniform())),
        "stability.meanLimit": mean,
        ...(preconditioned && { preconditionedSharpness: own, "preconditionedSharpness.error": ownError }),
        "stability.meanLimit.error": (mean * decisiveError) / decisive,
        "stability.limit": Math.min(mean, variance),
      },
    });
    if (step % 30 === 0) {
      variance = 0.1 + rng.uniform();
      const cost = { products: 30, seconds: 0.1234567 };
      events.push({
        kind: "metrics",
        step,
        time,
        probe: "noise",
        cost,
        values: {
          nonuniformity: rng.uniform(),
          "stability.varianceLimit": variance,
          "stability.limit": Math.min(mean, variance),
        },
      });
    }
  }
  return events;
}

function fold(events: readonly RunEvent[]): RunSeries {
  const series = new RunSeries();
  for (const event of events) {
    const read = decodeLine(stringify(encodeEvent(roundEvent(event))));
    if (typeof read === "string") throw new Error(`${read}: ${stringify(event)}`);
    series.add(read);
  }
  return series;
}

describe("packed readings", () => {
  it.each([
    [1, "sgd"],
    [3, "sgd"],
    [2, "adam"],
  ])("fold to the very curves that a line each folds to (%i eigenvalues, %s)", (top, optimizer) => {
    const events = told(600, top, optimizer === "adam");
    const [plain, packed] = [fold(events), fold(pack(events.map(roundEvent)))];
    expect([...packed.columns.keys()].sort()).toEqual([...plain.columns.keys()].sort());
    for (const [name, column] of plain.columns) {
      const other = packed.column(name);
      expect(Array.from(other.steps), name).toEqual(Array.from(column.steps));
      other.values.forEach((value, i) => {
        const wanted = column.values[i];
        const about = `${name} at step ${column.steps[i]}`;
        // An error bar stands for the whole flight it is of: never too small.
        if (!Number.isFinite(wanted)) expect(value, about).toBe(wanted);
        else if (/\.error/.test(name)) expect(value, about).toBeGreaterThanOrEqual(wanted * 0.99);
        // A derived limit starts from a sharpness that was rounded already.
        else if (name.startsWith("stability."))
          expect(Math.abs(value - wanted), about).toBeLessThanOrEqual(1.1e-7 * Math.abs(wanted));
        else expect(value, about).toBe(wanted);
      });
    }
    expect(packed.step).toBe(plain.step);
    expect(packed.latest.get("sharpness")?.cost).toEqual(plain.latest.get("sharpness")?.cost);
    const gap = Math.max(
      ...plain.clock.steps.map((step) => Math.abs(packed.clock.at(step)! - plain.clock.at(step)!)),
    );
    expect(gap).toBeLessThan(2e-3);
  });

  it("take a quarter of the room, also where limits break the columns up", () => {
    const events = told(600, 1).map(roundEvent);
    const bytes = (list: readonly RunEvent[]) =>
      list.map((event) => stringify(encodeEvent(event))).join("\n").length;
    expect(bytes(pack(events))).toBeLessThan(bytes(events) / 4);
  });

  it("end in a line that a reader of the contract alone understands: step, time, probe, cost, all values", () => {
    const packed = pack(told(20, 1));
    const last = packed.findLast((event) => event.kind === "metrics" && event.probe === "sharpness");
    expect(last).toMatchObject({ kind: "metrics", step: 18, cost: { products: 2 } });
    expect(Object.keys((last as { values: object }).values)).toContain("stability.limit");
  });

  it("stand in one line a probe and flight, whatever limits are read in between", () => {
    const lines = pack(told(600, 1)).map((event) => (event.kind === "metrics" ? event.probe : event.kind));
    expect(lines).toEqual(["header", undefined, "sharpness", "noise"]);
  });

  it("never move across a limit that a reader derives from", () => {
    const events = told(40, 1).map((event): RunEvent => {
      if (event.kind !== "metrics" || event.probe !== "noise") return event;
      const written = Object.entries(event.values).filter(([name]) => name !== "stability.limit");
      return { ...event, values: Object.fromEntries(written) };
    });
    const packed = pack(events);
    const variance = packed.findIndex(
      (event) => event.kind === "metrics" && event.step === 30 && event.probe === "noise",
    );
    for (const event of packed.slice(variance + 1))
      if (event.kind === "metrics") expect(event.earlier?.steps[0] ?? event.step).toBeGreaterThanOrEqual(30);
  });

  it("of a probe whose readings still have a line each let the others' columns hold the limits they had", () => {
    const events = told(600, 1).map(roundEvent);
    const packed = pack(events, (event) => event.probe === "noise");
    const [one, other] = [fold(events), fold(packed)].map((series) => series.column("stability.limit"));
    expect(Array.from(other.steps)).toEqual(Array.from(one.steps));
    one.values.forEach((value, i) => {
      const [about, read] = [`step ${one.steps[i]}`, other.values[i]];
      if (Number.isFinite(value)) expect(Math.abs(read - value), about).toBeLessThanOrEqual(1.1e-7 * value);
      else expect(read, about).toBe(value);
    });
  });
});
