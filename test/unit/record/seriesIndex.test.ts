// The index of a long log gives the series that reading it line by line gives, and is not believed when the log is another.
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { indexName, loadIndex, openIndex, saveIndex } from "../../../src/record/disk/seriesIndex";
import { EventTail } from "../../../src/record/disk/tail";
import { RunSeries } from "../../../src/record/runSeries";
import { receive, SeriesSender } from "../../../src/record/transfer";

let folder: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "basin-index-"));
  log = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lines = (from: number, n: number): string =>
  Array.from({ length: n }, (_, i) => {
    const step = from + i;
    return `{"kind":"metrics","step":${step},"time":${step / 10},"values":{"loss.train":${step === 7 ? '"NaN"' : 1 / (step + 1)},"eigenvalues":[2,1]}}\n`;
  }).join("");
const head = '{"kind":"header","schema":1,"id":"r","name":"r","steps":9,"probes":["sharpness"]}\n';

function read(): { series: RunSeries; offset: number } {
  const [series, tail] = [new RunSeries(), new EventTail(log)];
  for (const event of tail.read().events) series.add(event);
  return { series, offset: tail.position };
}

describe("the index of a log", () => {
  it("is the series itself, to the last bit, and reading goes on behind it", async () => {
    writeFileSync(log, `${head}${lines(0, 12_000)}{"kind":"note","step":5,"message":"n"}\n{"kind":"met`);
    const whole = read();
    await saveIndex(log, whole.series, whole.offset);
    appendFileSync(log, `rics","step":12000,"time":1,"values":{"loss.train":5}}\n`);
    const index = loadIndex(log)!;
    const tail = new EventTail(log);
    tail.continueFrom(index.offset);
    for (const event of tail.read().events) index.series.add(event);
    const { series } = read();
    expect([...index.series.columns.keys()]).toEqual([...series.columns.keys()]);
    for (const [name, column] of series.columns) {
      expect(index.series.column(name).steps).toEqual(column.steps);
      expect(index.series.column(name).values).toEqual(column.values);
    }
    expect(index.series.latest).toEqual(series.latest);
    expect(index.series.notes).toEqual(series.notes);
    expect(index.series.header).toEqual(series.header);
    expect(index.series.step).toBe(12_000);
  });

  it("opens with a picture of every curve, and reads them one by one", async () => {
    writeFileSync(log, head + lines(0, 60_000));
    const whole = read();
    await saveIndex(log, whole.series, whole.offset);
    const index = openIndex(log)!;
    expect([...index.series.columns]).toEqual([]);
    expect(index.series.latest).toEqual(whole.series.latest);
    // What a panel is told first is what it would be told of the whole series.
    const [there, straight] = [new RunSeries(), new SeriesSender(whole.series).next()!];
    const sender = new SeriesSender(index.series, index.picture);
    const first = sender.next()!;
    expect(first).toEqual(straight);
    receive(there, first);
    expect(there.column("loss.train").length).toBeLessThan(5000);
    const seen: number[] = [];
    for (let more = true; more; seen.push(index.series.columns.size)) more = index.readColumn();
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(index.readColumn()).toBe(false);
    for (let delta = sender.next(); delta; delta = sender.next()) receive(there, delta);
    for (const [name, { steps, values }] of whole.series.columns) {
      expect(there.column(name).steps).toEqual(steps);
      expect(there.column(name).values).toEqual(values);
    }
  });

  it("that is written anew while its curves are read says so", async () => {
    writeFileSync(log, head + lines(0, 12_000));
    const { series, offset } = read();
    await saveIndex(log, series, offset);
    const index = openIndex(log)!;
    expect(index.readColumn()).toBe(true);
    await saveIndex(log, series, offset);
    expect(() => index.readColumn()).toThrow("another one by now");
  });

  it("is not made for a short log", async () => {
    writeFileSync(log, head + lines(0, 10));
    const { series, offset } = read();
    await saveIndex(log, series, offset);
    expect(() => statSync(join(folder, indexName))).toThrow();
  });

  it("is not believed when the log was replaced, cut, or the index damaged", async () => {
    writeFileSync(log, head + lines(0, 12_000));
    const { series, offset } = read();
    await saveIndex(log, series, offset);
    const [good, path] = [readFileSync(join(folder, indexName)), join(folder, indexName)];
    expect(loadIndex(log)).not.toBeNull();
    for (const cut of [0, 10, 30, 200, good.length - 8]) {
      writeFileSync(path, good.subarray(0, cut));
      expect(loadIndex(log), `cut to ${cut}`).toBeNull();
    }
    writeFileSync(path, good);
    truncateSync(log, offset - 100);
    expect(loadIndex(log)).toBeNull();
    writeFileSync(log, head + lines(1, 12_000));
    expect(loadIndex(log)).toBeNull();
    rmSync(log);
    expect(loadIndex(log)).toBeNull();
  });

  /** The index with its text changed by `edit`, as one who copies a folder could have written it. */
  function rewrite(edit: (text: string) => string): void {
    const path = join(folder, indexName);
    const bytes = readFileSync(path);
    const at = bytes.indexOf("\n") + 1;
    const size = bytes.readUInt32LE(at);
    const end = (length: number): number => 8 * Math.ceil((at + 4 + length) / 8);
    const text = Buffer.from(edit(bytes.toString("utf8", at + 4, at + 4 + size)));
    const head = Buffer.alloc(end(text.length));
    bytes.copy(head, 0, 0, at);
    head.writeUInt32LE(text.length, at);
    text.copy(head, at + 4);
    writeFileSync(path, Buffer.concat([head, bytes.subarray(end(size))]));
  }

  it.each([
    [
      "a step that is text",
      (text: string) => text.replace(/"step":12000(?=,"time":[\d.]+,"rewinds")/, '"step":"12000"'),
    ],
    ["a reading that is none", (text: string) => text.replace(/("latest":\[\[[^{]*)\{[^}]*\}/, "$1null")],
    ["a reading of no name", (text: string) => text.replace(/("latest":\[\[)"[^"]*"/, "$1 7")],
    ["a reading at no step", (text: string) => text.replace(/("latest":\[\[[^}]*"step":)\d+/, '$1"x"')],
  ])("is not believed with %s", async (_, edit) => {
    writeFileSync(log, head + lines(0, 12_001));
    const { series, offset } = read();
    await saveIndex(log, series, offset);
    rewrite((text) => text);
    expect(loadIndex(log)).not.toBeNull();
    rewrite((text) => {
      expect(edit(text)).not.toBe(text);
      return edit(text);
    });
    expect(loadIndex(log)).toBeNull();
  });

  it("leaves out notes and checkpoints that are none, and is not believed with steps that do not ascend", async () => {
    writeFileSync(log, `${head}${lines(0, 12_000)}{"kind":"note","step":5,"message":"n"}\n`);
    const { series, offset } = read();
    series.checkpoints.push(3);
    await saveIndex(log, series, offset);
    rewrite((text) =>
      text.replace('"message":"n"', '"message":7').replace('"checkpoints":[3]', '"checkpoints":["3"]'),
    );
    expect(loadIndex(log)!.series.notes).toEqual([]);
    expect(loadIndex(log)!.series.checkpoints).toEqual([]);
    const path = join(folder, indexName);
    const bytes = readFileSync(path);
    // The last column's steps lie before its values.
    bytes.writeDoubleLE(0, bytes.length - 8 - 8 * series.column("eigenvalues.1").length);
    writeFileSync(path, bytes);
    expect(loadIndex(log)).toBeNull();
  });
});
