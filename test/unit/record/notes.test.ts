// Notes beside the runs: a pin is read back, keeps what else was noted, and goes with its run; what is broken pins nothing.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanUpChoices } from "../../../src/extension/workspace/cleanUpChoices";
import { changeNote, deleteRun, listRuns } from "../../../src/launchers";
import { writeRun } from "../../fixtures/writeRun";

let home = "";
const runs = () => join(home, ".basin", "runs");
const note = (id: string) => join(home, ".basin", "notes", `${id}.json`);
const pinned = async () =>
  (await listRuns(runs())).filter((run) => run.note.pinned).map(({ info }) => info.id);

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "basin-notes-"));
  for (const id of ["one", "two", "three"]) writeRun(runs(), "edge", { id, steps: 20 });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("a pinned run is in no group of a clean-up, until it is unpinned", async () => {
  expect(await pinned()).toEqual([]);
  changeNote(join(runs(), "two"), { pinned: true });
  expect(await pinned()).toEqual(["two"]);
  const groups = cleanUpChoices(await listRuns(runs()), Date.now());
  expect(groups.length).toBeGreaterThan(0);
  const taken = new Set(groups.flatMap((group) => group.runs.map(({ info }) => info.id)));
  expect([...taken].sort()).toEqual(["one", "three"]);
  changeNote(join(runs(), "two"), { pinned: false });
  expect(await pinned()).toEqual([]);
  expect(existsSync(note("two"))).toBe(false);
});

test("what else was noted of a run stays", async () => {
  mkdirSync(join(home, ".basin", "notes"), { recursive: true });
  writeFileSync(note("one"), JSON.stringify({ name: "the good one", tags: ["a"] }));
  changeNote(join(runs(), "one"), { pinned: true });
  expect(JSON.parse(readFileSync(note("one"), "utf8"))).toEqual({
    name: "the good one",
    tags: ["a"],
    pin: true,
  });
  changeNote(join(runs(), "one"), { pinned: false });
  expect(JSON.parse(readFileSync(note("one"), "utf8"))).toEqual({ name: "the good one", tags: ["a"] });
  expect(await pinned()).toEqual([]);
});

test.each(["{", "[]", '{"pin":"yes"}', "null"])("a note that reads %s pins nothing", async (text) => {
  writeFileSync(note("three"), text);
  expect(await pinned()).toEqual([]);
});

test("a broken note is not written over, and says so", () => {
  writeFileSync(note("three"), "{");
  expect(() => changeNote(join(runs(), "three"), { pinned: true })).toThrow(/three\.json.*is no JSON/);
  expect(readFileSync(note("three"), "utf8")).toBe("{");
});

test("a deleted run takes its note along, and nothing through a link", async () => {
  rmSync(note("three"));
  changeNote(join(runs(), "three"), { pinned: true });
  await deleteRun(join(runs(), "three"));
  expect(existsSync(note("three"))).toBe(false);
  const elsewhere = join(home, "elsewhere");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "two.json"), "{}");
  rmSync(join(home, ".basin", "notes"), { recursive: true });
  symlinkSync(elsewhere, join(home, ".basin", "notes"));
  expect(() => changeNote(join(runs(), "two"), { pinned: true })).toThrow(/notes.*is a link/);
  await deleteRun(join(runs(), "two"));
  expect(readFileSync(join(elsewhere, "two.json"), "utf8")).toBe("{}");
});
