// Where runs lie and how one is found by name.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findRun, listRuns, runsDirOf, workspaceOf } from "../../../src/launchers";
import { isAlive, processStartOf } from "../../../src/record/disk/processTable";
import { temporary } from "./support";

function runsDir(...ids: string[]) {
  const dir = runsDirOf(temporary());
  for (const id of ids) {
    mkdirSync(join(dir, id), { recursive: true });
    const experiment = { optimizer: { learningRate: 1 } };
    writeFileSync(join(dir, id, "run.json"), JSON.stringify({ id, experiment, resumed: [] }));
  }
  return dir;
}

describe("workspaceOf", () => {
  test.each([".basin", ".git"])("is the nearest ancestor with %s", (mark) => {
    const root = temporary();
    mkdirSync(join(root, mark));
    mkdirSync(join(root, "a", "b"), { recursive: true });
    expect(workspaceOf(join(root, "a", "b", "x.basin.json"))).toBe(root);
  });

  test("is the file's own folder where no ancestor has either", () => {
    const root = join(temporary(), "a");
    expect(workspaceOf(join(root, "x.basin.json"))).toBe(root);
  });
});

describe("listRuns", () => {
  test("newest first; what is no run is passed over, and one with a torn run.json is listed as damaged", async () => {
    const dir = runsDir("20260101-000000-a", "20260301-000000-c", "20260201-000000-b");
    mkdirSync(join(dir, "notes"));
    writeFileSync(join(dir, "README"), "");
    mkdirSync(join(dir, "20260401-000000-torn"));
    writeFileSync(join(dir, "20260401-000000-torn", "run.json"), '{"id": "2026');
    const found = (await listRuns(dir)).map(({ info, damage }) => [info.id, ...damage]);
    expect(found).toEqual([
      ["20260401-000000-torn", "run.json is no JSON"],
      ["20260301-000000-c"],
      ["20260201-000000-b"],
      ["20260101-000000-a"],
    ]);
  });

  test("is empty where there is no folder", async () => {
    expect(await listRuns(join(temporary(), "none"))).toEqual([]);
  });
});

describe("findRun", () => {
  const ids = ["20260101-000000-a", "20260101-000000-a-2", "20260201-000000-b"] as const;

  test("by id, by an unambiguous beginning, as latest, by path", async () => {
    const dir = runsDir(...ids);
    const find = async (name: string) => (await findRun(dir, name)).info.id;
    expect(await find(ids[0])).toBe(ids[0]);
    expect(await find("202602")).toBe(ids[2]);
    expect(await find("latest")).toBe(ids[2]);
    expect(await find(join(dir, ids[1]))).toBe(ids[1]);
  });

  test("says which runs an ambiguous beginning fits, which id was meant, and that there is none", async () => {
    const dir = runsDir(...ids);
    await expect(findRun(dir, "202601")).rejects.toThrow(/fits 2 runs: .*a-2, .*-a/);
    await expect(findRun(dir, "20260201-00000-b")).rejects.toThrow(`Did you mean "${ids[2]}"?`);
    await expect(findRun(runsDir(), "latest")).rejects.toThrow("holds no run");
  });
});

describe("processes", () => {
  test("this one lives; its start time does not change; a wrong one does not fit", () => {
    const started = processStartOf(process.pid) ?? "";
    expect(isAlive(process.pid, started)).toBe(true);
    expect(processStartOf(process.pid)).toBe(started);
    // Without a start time a pid proves nothing, where the system tells one.
    expect(isAlive(process.pid, "")).toBe(started === "");
    if (started !== "") expect(isAlive(process.pid, `${started}0`)).toBe(false);
  });

  test("no process has pid 0, a negative one, or one beyond the system's largest", () => {
    for (const pid of [0, -1, 4_194_305 * 2, NaN]) expect(isAlive(pid, "")).toBe(false);
  });
});
