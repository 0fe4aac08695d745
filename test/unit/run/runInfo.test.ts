// run.json read back by a process that goes on with the run: true types or a message, whatever was changed by hand.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../../src/protocol/errors";
import { readInfo } from "../../../src/run/runInfo";
import { fixtureRun } from "../../fixtures/writeRun";

const folder = mkdtempSync(join(tmpdir(), "basin-info-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { info } = fixtureRun("edge");
const read = (changed: object, checked = false) => {
  writeFileSync(join(folder, "run.json"), JSON.stringify({ ...info, ...changed }));
  return readInfo(folder, { checked });
};

describe("readInfo", () => {
  it("gives back what was written: the experiment with every key", () => {
    for (const checked of [true, false]) expect(read({}, checked)).toEqual(info);
  });

  it("adds nothing to an experiment, which is written back", () => {
    const experiment = { ...info.experiment, stop: { minutes: 3 } };
    expect(read({ experiment }).experiment).toEqual(experiment);
  });

  it.each([
    [{ resumed: 3 }, { resumed: [] }],
    [{ resumed: [null, { step: -1 }, { step: 4, at: "then" }] }, { resumed: [{ step: 4, at: "then" }] }],
    [{ id: null }, { id: "" }],
    [{ git: { commit: 7 } }, { git: null }],
    [{ handle: "mine" }, { handle: null }],
    [{ overrides: [] }, { overrides: {} }],
    [{ branchedFrom: { step: "x" } }, {}],
  ])("%j is read with true types", (changed, expected) => {
    const found = read(changed);
    expect(found).toMatchObject(expected);
    expect(found.branchedFrom).toBeUndefined();
  });

  it.each([
    [{ experiment: [] }, /has no experiment/],
    [{ experiment: { ...info.experiment, optimizer: null } }, /optimizer/],
    [{ file: 3 }, /experiment file/],
  ])("%j is a message that names the file", (changed, message) => {
    for (const checked of [true, false])
      try {
        read(changed, checked);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        const [problem] = (error as UserError).problems;
        expect(`${problem.place?.file}: ${problem.message}`).toMatch(message);
      }
  });
});
