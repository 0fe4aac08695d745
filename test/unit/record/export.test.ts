// Exports hold what was recorded, in the words of the programs they are for: Python's csv and XML readers, TensorFlow's record format.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exporters } from "../../../src/record/export";
import type { ExportedRun } from "../../../src/record/export/exporter";
import { RunSeries } from "../../../src/record/runSeries";
import { differingSettings } from "../../../src/record/settings";
import { summaryOf } from "../../../src/record/summary";
import { fixtureRun, type FixtureKind } from "../../fixtures/writeRun";

const python = spawnSync("python3", ["--version"]).status === 0;
if (!python) console.log("Skipped what Python reads of exports: there is no python3.");

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "basin-export-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function exported(kind: FixtureKind, id: string, learningRate = 0.1): ExportedRun {
  const { info, events, verdict } = fixtureRun(kind, { id, learningRate });
  const series = new RunSeries();
  for (const event of events) series.add(event);
  return { info, verdict, series, label: id };
}

/** Pixels are drawn by the command line: test/integration/exports.test.ts. */
const tools = { rasterize: () => Promise.reject(new Error("no picture is drawn here")) };

/** Writes an export; returns the paths of its files. */
async function written(format: string, runs: readonly ExportedRun[]): Promise<string[]> {
  const exporter = exporters.find((one) => one.format === format)!;
  const parts = await exporter.parts(runs, tools);
  return parts.map(({ path, data }, i) => {
    const target = join(folder, `${format}-${i}`, path || "file");
    mkdirSync(dirname(target), { recursive: true });
    const pieces = [...data].map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece));
    writeFileSync(target, Buffer.concat(pieces));
    return target;
  });
}

function inPython(code: string, ...args: string[]): unknown {
  const { stdout, stderr, status } = spawnSync("python3", ["-c", code, ...args], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

const hostile = '=HYPERLINK("http://x","a,b")<script>alert(1)</script>\n"&\'';

describe.skipIf(!python)("read by Python", () => {
  it("csv: every reading of every run to the last digit, names as they are but for formulas", async () => {
    const runs = [exported("edge", "one"), exported("diverged", hostile, 0.7)];
    const [path] = await written("csv", runs);
    const rows = inPython(
      'import csv, json, sys\nprint(json.dumps([dict(r) for r in csv.DictReader(open(sys.argv[1], newline="", encoding="utf8"))]))',
      path,
    ) as Record<string, string>[];
    for (const [id, run] of [
      ["one", runs[0]],
      [`'${hostile}`, runs[1]],
    ] as const) {
      const own = rows.filter((row) => row.run === id);
      expect(own.length).toBe(new Set([...run.series.clock.steps]).size);
      for (const [name, column] of run.series.columns) {
        const read = own
          .filter((row) => row[name] !== "")
          .map((row) => [Number(row.step), Number(row[name])]);
        expect(read).toEqual([...column.steps].map((step, i) => [step, column.values[i]]));
      }
    }
  });

  it("svg: well-formed, with a title and a curve for each metric", async () => {
    const [path] = await written("svg", [exported("edge", "one"), exported("edge", hostile, 0.2)]);
    const found = inPython(
      'import json, sys, xml.etree.ElementTree as E\nt = E.parse(sys.argv[1])\nn = "{http://www.w3.org/2000/svg}"\nprint(json.dumps({"texts": [e.text for e in t.iter(n + "text")], "paths": sum(1 for e in t.iter(n + "path") if e.get("fill") == "none"), "scripts": sum(1 for e in t.iter() if "script" in e.tag)}))',
      path,
    ) as { texts: string[]; paths: number; scripts: number };
    expect(found.texts).toContain("training loss");
    expect(found.texts).toContain("sharpness (loss / θ²)");
    expect(found.texts.some((text) => text.includes("<script>"))).toBe(true);
    expect(found.paths).toBeGreaterThanOrEqual(4);
    expect(found.scripts).toBe(0);
  });

  it("tensorboard: records with TensorFlow's checksums, every value as a float32 at its step", async () => {
    const run = exported("edge", "one");
    const [path] = await written("tensorboard", [run]);
    // The record format and the wire format of protocol buffers, written here from their descriptions.
    const reader = String.raw`
import json, struct, sys
table = []
for i in range(256):
    c = i
    for _ in range(8): c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
    table.append(c)
def masked(data):
    c = 0xFFFFFFFF
    for b in data: c = table[(c ^ b) & 255] ^ (c >> 8)
    c ^= 0xFFFFFFFF
    return (((c >> 15) | (c << 17)) + 0xA282EAD8) & 0xFFFFFFFF
def fields(data):
    at = 0
    def varint():
        nonlocal at
        value = shift = 0
        while True:
            b = data[at]; at += 1
            value |= (b & 127) << shift; shift += 7
            if b < 128: return value
    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0: yield key >> 3, varint()
        elif kind == 1: yield key >> 3, data[at:at + 8]; at += 8
        elif kind == 5: yield key >> 3, data[at:at + 4]; at += 4
        else:
            n = varint(); yield key >> 3, data[at:at + n]; at += n
data = open(sys.argv[1], "rb").read()
at, out, first = 0, [], None
while at < len(data):
    n, crc = struct.unpack("<QI", data[at:at + 12])
    assert crc == masked(data[at:at + 8])
    event = data[at + 12:at + 12 + n]
    assert struct.unpack("<I", data[at + 12 + n:at + 16 + n])[0] == masked(event)
    at += 16 + n
    e = dict(fields(event))
    if first is None: first = e[3].decode()
    if 5 in e:
        for number, value in fields(e[5]):
            v = dict(fields(value))
            if 2 in v: out.append([v[1].decode(), e.get(2, 0), struct.unpack("<f", v[2])[0]])
print(json.dumps({"first": first, "values": out}))
`;
    const { first, values } = inPython(reader, path) as { first: string; values: [string, number, number][] };
    expect(first).toBe("brain.Event:2");
    for (const [name, column] of run.series.columns) {
      const own = values
        .filter(([tag]) => tag === name.replace(".", "/"))
        .map(([, step, value]) => [step, value]);
      expect(own).toEqual([...column.steps].map((step, i) => [step, Math.fround(column.values[i])]));
    }
  });
});

describe("an HTML report", () => {
  it("holds verdict, charts and numbers, loads nothing, and takes no name for markup", async () => {
    for (const runs of [
      [exported("unstable", hostile)],
      [exported("edge", "one"), exported("unstable", hostile, 0.3)],
    ]) {
      const exporter = exporters.find(({ format }) => format === "html")!;
      const [{ data }] = await exporter.parts(runs, tools);
      const text = [...data].join("");
      expect(text).toContain("default-src 'none'");
      expect(text).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\shref=|\ssrc=/i);
      expect(text).toContain("&lt;script&gt;");
      expect(text).toContain(runs.at(-1)!.verdict!.summary);
      expect(text.match(/<svg/g)!.length).toBeGreaterThan(2);
      expect(text).toContain("λmax(H)");
    }
  });
});

describe("a summary", () => {
  it("tells the last, the best and the limit of a metric", () => {
    const run = exported("edge", "one", 0.1);
    const { values, steps } = run.series.column("loss.train");
    const least = Math.min(...values);
    const summary = summaryOf(run);
    expect(summary.get("loss.train")).toEqual({
      last: values.at(-1),
      lastStep: steps.at(-1),
      best: least,
      bestStep: steps[values.indexOf(least)],
      limit: null,
    });
    expect(summary.get("sharpness")!.limit).toBeCloseTo(2 / 0.1, 12);
    expect([...summary.keys()].some((name) => name.endsWith(".error"))).toBe(false);
  });

  it("names the settings in which runs differ, one that not all have among them", () => {
    const [a, b] = [exported("edge", "a", 0.1).info, exported("edge", "b", 0.2).info];
    expect(differingSettings([a, b])).toEqual(["optimizer.learningRate"]);
    const optimizer = { ...b.experiment.optimizer, clip: 1 };
    const c = { ...b, experiment: { ...b.experiment, optimizer } };
    expect(differingSettings([b, c])).toEqual(["optimizer.clip"]);
    expect(differingSettings([a])).toEqual([]);
  });
});
