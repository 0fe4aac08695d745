// A log on the disk: written whole lines at a time, read slice by slice, whatever stands in its place.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventLog } from "../../../src/record/disk/eventLog";
import { readJson, readPlainFile, writeAtomic } from "../../../src/record/disk/files";
import { EventTail } from "../../../src/record/disk/tail";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "basin-record-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (step: number) => `{"kind":"metrics","step":${step},"time":0,"values":{"loss.train":${step}}}\n`;
const stepsOf = (tail: EventTail, most?: number) =>
  tail.read(most).events.map((event) => (event.kind === "metrics" ? event.step : -1));

describe("EventTail", () => {
  it("leaves a torn last line until it is whole", () => {
    writeFileSync(path, line(0) + line(1).slice(0, 20));
    const tail = new EventTail(path);
    expect(stepsOf(tail)).toEqual([0]);
    appendFileSync(path, line(1).slice(20));
    expect(stepsOf(tail)).toEqual([1]);
  });

  it("lets a broken line cost exactly itself, and counts it", () => {
    writeFileSync(path, `${line(0)}garbage\n${line(1)}{"kind":"later version"}\n${line(2)}`);
    const tail = new EventTail(path);
    expect(stepsOf(tail)).toEqual([0, 1, 2]);
    expect(tail.damagedLines).toBe(1);
  });

  it("takes a line that a kill tore and a resume closed for no damage, in whatever slices it is read", () => {
    const header = (resumedAt: number) => `${JSON.stringify({ kind: "header", resumedAt })}\n`;
    // The second resume was itself killed while it wrote its header.
    const text = `${line(0)}${line(1).slice(0, 9)}\n${header(0)}${line(1)}${line(2).slice(0, 7)}\n${header(1).slice(0, 9)}\n${header(1)}`;
    writeFileSync(path, text);
    for (const most of [Infinity, 1, 7]) {
      const tail = new EventTail(path);
      while (tail.read(most).more);
      expect(tail.damagedLines).toBe(0);
    }
    // What has good lines behind it was torn by no kill.
    appendFileSync(path, `${line(3).slice(0, 9)}\n${line(4)}${header(2)}`);
    const tail = new EventTail(path);
    tail.read();
    expect(tail.damagedLines).toBe(1);
  });

  it("reads in slices of the size asked for", () => {
    writeFileSync(path, Array.from({ length: 1000 }, (_, i) => line(i)).join(""));
    const tail = new EventTail(path);
    const found: number[] = [];
    let slices = 0;
    for (let more = true; more; slices++) {
      const slice = tail.read(4096);
      found.push(...slice.events.map((event) => (event.kind === "metrics" ? event.step : -1)));
      more = slice.more;
    }
    expect(found).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(slices).toBeGreaterThan(10);
  });

  it("begins in the middle with the first whole line", () => {
    writeFileSync(path, line(0) + line(1) + line(2));
    const tail = new EventTail(path);
    tail.startAt(5);
    expect(stepsOf(tail)).toEqual([1, 2]);
  });

  it("starts over when the file is replaced or cut", () => {
    writeFileSync(path, line(0) + line(1));
    const tail = new EventTail(path);
    tail.read();
    writeFileSync(path, line(5));
    const { events, restarted } = tail.read();
    expect([restarted, events.length]).toEqual([true, 1]);
  });

  it.skipIf(process.platform === "win32")(
    "reads no FIFO, no device and no link, and says which it is",
    () => {
      execFileSync("mkfifo", [path]);
      writeFileSync(join(folder, "real"), line(0));
      symlinkSync("real", join(folder, "link"));
      const found = [path, "/dev/zero", join(folder, "link"), join(folder, "absent")].map((place) => {
        const tail = new EventTail(place);
        return [tail.read().events.length, tail.obstacle];
      });
      expect(found).toEqual([
        [0, "is no plain file"],
        [0, "is no plain file"],
        [0, "is a link"],
        [0, null],
      ]);
    },
  );
});

describe("EventLog", () => {
  it("closes a line that an earlier process left half-written", () => {
    writeFileSync(path, line(0) + '{"kind":"metr');
    const log = new EventLog(path);
    log.add({ kind: "end", step: 1, time: 1, reason: "steps" });
    log.close();
    const tail = new EventTail(path);
    expect(tail.read().events.map(({ kind }) => kind)).toEqual(["metrics", "end"]);
    expect(tail.damagedLines).toBe(1);
  });

  it("writes a line a reading at first, and packs them when they come thick and fast", () => {
    const log = new EventLog(path);
    for (let step = 0; step < 5000; step++) {
      log.add({ kind: "metrics", step, time: step, probe: "sharpness", values: { sharpness: step } });
      if (step % 100 === 99) log.flush();
    }
    log.close();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.length).toBeLessThan(1700);
    expect(lines.slice(0, 1400).every((text) => !text.includes("earlier"))).toBe(true);
  });

  it.skipIf(process.platform === "win32")("follows no link", () => {
    symlinkSync(join(folder, "elsewhere"), path);
    expect(() => new EventLog(path)).toThrow(/ELOOP/);
  });

  it.skipIf(process.platform !== "linux")("tells of a full disk and keeps what it could not write", () => {
    const log = new EventLog("/dev/full");
    log.add({ kind: "heartbeat", time: 1 });
    expect(() => log.flush()).toThrow(/ENOSPC/);
    expect(() => log.flush()).toThrow(/ENOSPC/);
    expect(() => log.close()).toThrow(/ENOSPC/);
  });
});

describe("small files", () => {
  it("are replaced whole, a link in their place too", () => {
    const target = join(folder, "target");
    writeFileSync(target, "untouched");
    const file = join(folder, "run.json");
    symlinkSync(target, file);
    writeAtomic(file, "{}");
    expect([readFileSync(target, "utf8"), readFileSync(file, "utf8")]).toEqual(["untouched", "{}"]);
  });

  it.skipIf(process.platform === "win32")("are read only where they are plain and of a sensible size", () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    expect(() => readPlainFile(fifo, 100)).toThrow("no plain file");
    expect(() => readPlainFile("/dev/zero", 100)).toThrow("no plain file");
    writeFileSync(join(folder, "big"), "x".repeat(200));
    expect(() => readPlainFile(join(folder, "big"), 100)).toThrow("200 bytes");
    symlinkSync("big", join(folder, "link"));
    expect(() => readPlainFile(join(folder, "link"), 1000)).toThrow("link");
    expect(readPlainFile(join(folder, "absent"), 100)).toBeNull();
    writeFileSync(join(folder, "broken.json"), "{");
    expect(() => readJson(join(folder, "broken.json"))).toThrow("no JSON");
  });
});
