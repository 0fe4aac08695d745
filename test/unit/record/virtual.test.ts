// Recorded runs read through a file system that only hands out whole files: beside the same runs read from the disk, and with traps in their place.
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  appendFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listRuns } from "../../../src/launchers";
import { readSeries } from "../../../src/record/disk/readSeries";
import { RunSeries } from "../../../src/record/runSeries";
import { fileHere } from "../../../src/record/virtual/fileHere";
import type { FileKind, Files, FileStat } from "../../../src/record/virtual/files";
import { VirtualRuns } from "../../../src/record/virtual/runs";
import { VirtualTail } from "../../../src/record/virtual/tail";
import { writeRun } from "../../fixtures/writeRun";

/** The disk as such a file system, with other answers where a test wants them; notes what was read whole. */
class Disk implements Files {
  readonly wholeReads: string[] = [];
  readonly answers = new Map<string, Partial<FileStat>>();

  within = (folder: string, ...names: string[]) => join(folder, ...names);

  stat(place: string): Promise<FileStat | null> {
    const found = statSync(place, { throwIfNoEntry: false });
    if (!found) return Promise.resolve(null);
    const kind: FileKind = found.isFile() ? "file" : "folder";
    const stamp = `${found.mtimeMs} ${found.size}`;
    return Promise.resolve({ kind, size: found.size, stamp, ...this.answers.get(place) });
  }

  list(folder: string) {
    try {
      const kind = (isFolder: boolean): FileKind => (isFolder ? "folder" : "file");
      return Promise.resolve(
        readdirSync(folder, { withFileTypes: true }).map((entry) => ({
          name: entry.name,
          kind: kind(entry.isDirectory()),
        })),
      );
    } catch {
      return Promise.resolve([]);
    }
  }

  read(place: string): Promise<Uint8Array> {
    this.wholeReads.push(place);
    return Promise.resolve(new Uint8Array(readFileSync(place)));
  }
}

describe("Runs where files come whole", () => {
  let runs = "";
  beforeAll(() => {
    runs = mkdtempSync(join(tmpdir(), "basin-virtual-"));
    writeRun(runs, "edge", { id: "a" });
    writeRun(runs, "unstable", { id: "b" });
    writeRun(runs, "diverged", { id: "c" });
    writeRun(runs, "empty", { id: "d" });
  });
  afterAll(() => rmSync(runs, { recursive: true, force: true }));

  test("they are what the disk's own reader says, newest first", async () => {
    const virtual = await new VirtualRuns(new Disk()).list(runs);
    const ofDisk = await listRuns(runs);
    expect(virtual.omitted).toBe(0);
    expect(virtual.runs.map(({ info }) => info.id)).toEqual(["d", "c", "b", "a"]);
    for (const [i, run] of virtual.runs.entries()) expect(run).toEqual(ofDisk[i]);
  });

  test("a judged run's long log is not fetched for the list", async () => {
    const disk = new Disk();
    const log = join(runs, "b", "events.jsonl");
    disk.answers.set(log, { size: 2 ** 20 });
    const { runs: listed } = await new VirtualRuns(disk).list(runs);
    const run = listed.find(({ info }) => info.id === "b");
    expect(run?.verdict?.verdict).toBe("unstable-mean");
    expect([run?.status, run?.step]).toEqual(["finished", 1000]);
    expect(disk.wholeReads).not.toContain(log);
  });

  test("what is no plain file, or too large, is named and never read", async () => {
    const disk = new Disk();
    const [link, other, large] = [
      join(runs, "a", "events.jsonl"),
      join(runs, "b", "run.json"),
      join(runs, "c", "verdict.json"),
    ];
    disk.answers.set(link, { kind: "link" });
    disk.answers.set(other, { kind: "other" });
    disk.answers.set(large, { size: 2 ** 40 });
    const { runs: listed } = await new VirtualRuns(disk).list(runs);
    const damageOf = (id: string) => listed.find(({ info }) => info.id === id)?.damage.join();
    expect(damageOf("a")).toBe("events.jsonl is a link");
    expect(damageOf("b")).toBe("run.json is no plain file");
    expect(damageOf("c")).toMatch(/^verdict\.json has \d+ bytes, more than \d+$/);
    for (const place of [link, other, large]) expect(disk.wholeReads).not.toContain(place);
  });

  test("a file that is larger than its file system said is given up", async () => {
    const disk = new Disk();
    const place = join(runs, "a", "run.json");
    disk.answers.set(place, { size: 0 });
    const own = new VirtualRuns({
      within: disk.within,
      stat: (path) => disk.stat(path),
      list: (folder) => disk.list(folder),
      read: (path) => (path === place ? Promise.resolve(new Uint8Array(2 ** 24 + 1)) : disk.read(path)),
    });
    const { runs: listed } = await own.list(runs);
    expect(listed.find(({ info }) => info.id === "a")?.damage[0]).toMatch(/^run\.json has 16777217 bytes/);
  });

  test("a log folded in small slices is the log folded from the disk, and what is added later is added", async () => {
    const folder = join(runs, "b");
    const log = join(folder, "events.jsonl");
    const tail = new VirtualTail(new Disk(), log);
    const series = new RunSeries();
    const fold = async () => {
      for (let more = true; more;) {
        const slice = await tail.read(777);
        expect(slice.restarted).toBe(false);
        for (const event of slice.events) series.add(event);
        more = slice.more;
      }
    };
    await fold();
    const sharpness = (one: RunSeries) => [...one.columns.get("sharpness")!.values];
    expect(sharpness(series)).toEqual(sharpness(readSeries(folder)));
    appendFileSync(
      log,
      '{"kind":"metrics","step":1001,"time":9,"values":{"sharpness":7}}\n{"kind":"metrics","step":1002,',
    );
    await fold();
    expect(sharpness(series).at(-1)).toBe(7);
    expect(tail.damagedLines).toBe(0);
    writeFileSync(log, '{"kind":"end","step":1,"time":1,"reason":"steps"}\n');
    expect((await tail.read()).restarted).toBe(true);
  });
});

test("a run's file is the one here with the longest path that its own ends with", () => {
  const paths = ["demo.basin.json", "thesis/demo.basin.json", "other.basin.json"];
  expect(fileHere("/home/a/thesis/demo.basin.json", paths)).toBe("thesis/demo.basin.json");
  expect(fileHere("C:\\work\\thesis\\demo.basin.json", paths)).toBe("thesis/demo.basin.json");
  expect(fileHere("/home/a/demo.basin.json", paths)).toBe("demo.basin.json");
  expect(fileHere("/home/a/mydemo.basin.json", paths)).toBeUndefined();
  expect(fileHere("", paths)).toBeUndefined();
});
