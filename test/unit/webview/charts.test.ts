// Every chart of the registry, on real runs: one with every probe, one with Adam on classes, one that diverged, one that has not begun.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { metrics } from "../../../src/protocol/metrics";
import type { RunInfo } from "../../../src/protocol/runFolder";
import { decodeVerdict } from "../../../src/record/decodeVerdict";
import { charts } from "../../../webview/charts";
import { isShown, shownLines, type Chart } from "../../../webview/charts/chart";
import { chainOf } from "../../../webview/store/chain";
import { factsOf } from "../../../webview/store/facts";
import { isFolded, provenanceOf } from "../../../webview/store/provenance";
import type { RunModel } from "../../../webview/store/runModel";
import { recordingContext } from "./canvas";
import { modelOf } from "./models";
import { eventsOf, requestOf, startRun, temporary } from "../../support/runs";

const every = { every: 10 };
const probes = {
  sharpness: { every: 10, top: 2 },
  noise: every,
  generalization: every,
  gradientNoise: every,
  smoothness: every,
  spectrum: { every: 20, of: "both", steps: 10, starts: 2 },
  layers: every,
  manifold: { every: 2, drift: true },
  flow: { every: 10 },
};
const base = {
  seed: 0,
  data: { source: "teacher", inputs: 4, hidden: [4], examples: 12, testExamples: 10 },
  model: { kind: "mlp", hidden: [12], activation: "tanh" },
  loss: "squared-error",
  stop: { steps: 40 },
  probes,
};
const sgd = (learningRate: number) => ({ kind: "sgd", learningRate, batchSize: 4 });
const experiments = {
  recorded: { ...base, optimizer: sgd(0.2) },
  fullBatch: { ...base, optimizer: { ...sgd(0.2), batchSize: "full" } },
  classes: {
    ...base,
    data: { source: "spirals", classes: 3, examples: 12, testExamples: 12 },
    loss: "cross-entropy",
    optimizer: {
      kind: "adam",
      learningRate: 0.01,
      batchSize: "full",
      schedule: { kind: "cosine", steps: 40 },
    },
  },
  diverged: { ...base, optimizer: sgd(50) },
} as const;
type Name = keyof typeof experiments | "empty";

const models = new Map<Name, RunModel>();
/** The log of the recorded run. */
let told: readonly Record<string, unknown>[] = [];
const theme = { color: (name: string) => name, font: "11px sans-serif", dark: true, contrast: false };

beforeAll(async () => {
  for (const [name, experiment] of Object.entries(experiments)) {
    const folder = temporary();
    const { run, exited } = startRun(folder, experiment);
    expect(await exited, name).toBe(0);
    if (name === "recorded") told = eventsOf(run);
    const request = JSON.parse(requestOf(folder, experiment)) as RunInfo;
    models.set(
      name as Name,
      modelOf({
        info: { ...request, branchedFrom: undefined },
        status: name === "diverged" ? "diverged" : "finished",
        events: eventsOf(run),
        verdict: decodeVerdict(JSON.parse(readFileSync(join(run, "verdict.json"), "utf8"))),
      }),
    );
  }
  const { info } = models.get("recorded")!;
  models.set("empty", modelOf({ info, status: "running", events: [], verdict: null }));
}, 120_000);

const at = (name: Name): RunModel => models.get(name)!;

/** The run in which a chart has something to show: the central flow is that of full batches, and not every run spikes. */
const recordedFor = ({ id }: Chart): RunModel =>
  at(id === "flow" ? "fullBatch" : id === "explanation" ? "diverged" : "recorded");

/** What the panel would do with a chart; returns whether it had a picture. */
function draw(chart: Chart, run: RunModel): boolean {
  expect(chart.empty(run)).not.toBe("");
  for (const [name, formula] of chart.formulas(run)) expect(`${name}${formula}`).not.toContain("undefined");
  if (chart.kind === "canvas") {
    expect(chart.describe(run)).not.toMatch(/undefined|NaN/);
    if (!chart.hasData(run)) return false;
    const { context, calls } = recordingContext();
    chart.draw({ context, width: 420, height: 190 }, run, theme);
    return calls.some(({ name }) => name === "stroke" || name === "fillRect");
  }
  for (const log of [true, false]) {
    const plan = chart.plan(run, { log });
    for (const { column } of plan.lines) {
      expect(column.values.length).toBe(column.steps.length);
      expect(column.steps.every((step, i) => i === 0 || step > column.steps[i - 1])).toBe(true);
    }
    for (const { upper, lower } of plan.bands ?? [])
      expect(Math.max(upper, lower)).toBeLessThan(plan.lines.length);
    for (const { value } of plan.levels ?? []) expect(Number.isFinite(value)).toBe(true);
    const labels = plan.lines.map(({ label }) => label);
    expect(new Set(labels).size).toBe(labels.length);
  }
  return shownLines(chart.plan(run, { log: false })).length > 0;
}

test("the spectrum of both matrices is bars and a line, and says which is which", () => {
  const chart = charts.find(({ id }) => id === "spectrum")! as Extract<Chart, { kind: "canvas" }>;
  const said = chart.describe(at("recorded"));
  expect(said).toMatch(/^Step 40: Hessian \(bars\) from .*; Gauss–Newton \(line\) from \d/);
  const names = chart.formulas(at("recorded")).map(([name]) => name);
  expect(names).toContain("spectral density, nodes");
  expect(names).toContain("Gauss–Newton density, nodes");
});

test("charts have ids and titles of their own", () => {
  for (const key of ["id", "title"] as const)
    expect(new Set(charts.map((chart) => chart[key])).size).toBe(charts.length);
});

describe.each(charts.map((chart) => [chart.id, chart] as const))("%s", (_id, chart) => {
  test("draws a run recorded with every probe", () => {
    expect(isShown(chart, recordedFor(chart))).toBe(true);
    expect(draw(chart, recordedFor(chart))).toBe(true);
  });
  test.each(["classes", "diverged", "empty"] as const)("draws a run of kind %s without throwing", (name) => {
    draw(chart, at(name));
  });
  test("takes no room where its probes are not asked for and nothing was read", () => {
    const { info } = at("recorded");
    const quiet = modelOf({
      info: { ...info, experiment: { ...info.experiment, probes: {} } },
      status: "running",
      events: [],
      verdict: null,
    });
    expect(isShown(chart, quiet)).toBe(chart.measuredBy === "loop");
  });
});

describe("provenance", () => {
  test.each(["recorded", "classes"] as const)(
    "every number of the %s run says where it comes from",
    (name) => {
      const run = at(name);
      const read = metrics.filter((metric) => run.series.latest.has(metric.name));
      expect(read.length).toBeGreaterThan(20);
      for (const metric of read) {
        const said = provenanceOf(metric.name, run)!;
        const rows = new Map(said.rows);
        expect(said.formula, metric.name).not.toBe("");
        for (const row of ["value", "step", "data", "measured by", "engine"])
          expect(rows.get(row), `${metric.name}: ${row}`).toBeTruthy();
        if (!isFolded(metric.name) && metric.name !== "learningRate")
          expect(rows.get("error bar") ?? rows.get("how"), `${metric.name}: error bar`).toBeTruthy();
        expect(said.rows.flat().join(" "), metric.name).not.toMatch(/undefined|NaN/);
      }
    },
  );

  test("numbers that rest on a derivative say which one is taken at a kink, where there are kinks", () => {
    const smooth = at("recorded");
    const rows = (run: RunModel, name: string) => new Map(provenanceOf(name, run)!.rows);
    expect(smooth.series.header!.kinks).toEqual([]);
    expect(rows(smooth, "sharpness").has("at kinks")).toBe(false);
    const kinked = modelOf({
      ...smooth,
      events: told.map((event) =>
        event.kind === "header" ? { ...event, kinks: ["relu", "oneHotMax"] } : event,
      ),
    });
    expect(rows(kinked, "sharpness").get("at kinks")).toMatch(/^ReLU: .* 0 everywhere.* Max-pool: .*first/);
    expect(rows(kinked, "trace").has("at kinks")).toBe(true);
    expect(rows(kinked, "loss.train").has("at kinks")).toBe(false);
  });

  test("an error bar recorded beside a number is the one shown", () => {
    const run = at("recorded");
    for (const name of ["trace", "frobenius", "noise.batchSharpness"]) {
      const error = run.series.number(`${name}.error`)!;
      const shown = new Map(provenanceOf(name, run)!.rows).get("error bar")!;
      if (error === 0) expect(shown).toContain("exact");
      else expect(Number(/± ([\d.e−]+)/.exec(shown)![1].replace("−", "-"))).toBeCloseTo(error, 3);
    }
  });
});

describe("the chain", () => {
  test("shows both sides of every link that applies, and the verdict's own answer", () => {
    const run = at("recorded");
    const { chain } = run.verdict!;
    const links = chainOf(run.verdict!);
    expect(links.length).toBe(chain.length);
    chain.forEach(({ left, right, notApplicable, holds }, i) => {
      expect(links[i].reason).toBe(notApplicable ?? undefined);
      expect(links[i].sides?.map(({ number }) => number)).toEqual(
        notApplicable === null ? [left, right] : undefined,
      );
      if (holds !== null) expect(links[i].state).toBe(holds ? "holds" : "fails");
    });
  });
  test("says why no link from stability applies to a cross-entropy; what its slopes say of small changes needs none", () => {
    const links = chainOf(at("classes").verdict!);
    const title = "Smooth functions resist";
    expect(links.filter(({ state }) => state !== "notApplicable").map((link) => link.title)).toEqual([title]);
    const others = links.filter((link) => link.title !== title);
    expect(others.length).toBeGreaterThan(0);
    for (const { reason } of others) expect(reason).toContain("cross-entropy");
  });
  test("facts and chain of a diverged run do not throw", () => {
    const run = at("diverged");
    expect(factsOf(run).length).toBeGreaterThan(0);
    chainOf(run.verdict!);
  });
});
