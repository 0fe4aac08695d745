// Commands in code and in the manifest, and the pure parts of what they do.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cliCommand } from "../../../src/extension/cliCommand";
import { commandIds, looking } from "../../../src/extension/commands/ids";
import { mcpProvider, readOnlyKey, taskType } from "../../../src/extension/ids";
import { mcpArguments } from "../../../src/extension/mcpArguments";
import { taskArguments, taskName } from "../../../src/extension/taskArguments";
import { cleanUpChoices } from "../../../src/extension/workspace/cleanUpChoices";
import { emptyNote } from "../../../src/record/runNote";
import { parseOverride } from "../../../src/protocol/sweep";
import type { RunRecord } from "../../../src/launchers";

interface Item {
  readonly command: string;
  readonly when?: string;
  readonly enablement?: string;
  readonly icon?: string;
}

const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
  contributes: {
    commands: Item[];
    menus: Record<string, Item[]>;
    keybindings: Item[];
    taskDefinitions: { type: string; properties: object }[];
    mcpServerDefinitionProviders: object[];
    configuration: { properties: Record<string, object> };
  };
};

test("package.json offers every command that code has, and no other", () => {
  const offered = contributes.commands.map(({ command }) => command).sort();
  expect(offered).toEqual([...Object.values(commandIds)].sort());
  const used = [...Object.values(contributes.menus).flat(), ...contributes.keybindings];
  for (const { command } of used) expect(offered).toContain(command);
});

test("a window without a disk offers what only looks, and hides the rest", () => {
  const looks = new Set<string>(looking.map((name) => commandIds[name]));
  const hidden = `!${readOnlyKey}`;
  for (const { command, enablement } of contributes.commands)
    expect([command, enablement?.includes(hidden) ?? false]).toEqual([command, !looks.has(command)]);
  for (const [menu, items] of Object.entries(contributes.menus))
    for (const { command, when } of items)
      if (menu !== "commandPalette" && !looks.has(command))
        expect([command, when]).toEqual([command, expect.stringContaining(hidden)]);
});

test("a key belongs to experiment files alone", () => {
  for (const { when } of contributes.keybindings) expect(when).toContain("resourceFilename");
});

test("a call for a terminal reads back as the settings it was made of, whatever is in them", () => {
  const overrides = { "optimizer.learningRate": 0.2, "model.hidden": [20, 20], name: "it's 5", seed: "7" };
  const call = cliCommand({ file: "my experiments/a.basin.json", overrides });
  expect(call).toBe(
    `basin run 'my experiments/a.basin.json' --set optimizer.learningRate=0.2 --set 'model.hidden=[20,20]' --set 'name=it'\\''s 5' --set 'seed="7"'`,
  );
  expect(parseOverride('seed="7"')).toMatchObject({ value: "7" });
  expect(cliCommand({ file: "a", branchedFrom: { run: "r", step: 5 }, runs: "out" })).toBe(
    "basin branch r --step 5 --runs out",
  );
});

test("a task of tasks.json is a call of the command line", () => {
  const task = { file: "a.basin.json", set: ["seed=1"], check: true };
  expect(taskName(task)).toBe("run a.basin.json seed=1");
  expect(taskArguments(task, "/w/.basin/runs")).toEqual([
    "run",
    "a.basin.json",
    "--set",
    "seed=1",
    "--runs",
    "/w/.basin/runs",
    "--check",
  ]);
  const [definition] = contributes.taskDefinitions;
  expect(definition.type).toBe(taskType);
  expect(Object.keys(definition.properties)).toEqual(Object.keys(task));
});

test("the server for agents is a call of the command line, which may run nothing unless the user's own settings say so", () => {
  expect(mcpArguments("/w", { allowRuns: false })).toEqual(["mcp", "/w"]);
  expect(mcpArguments("/w", { runs: "/elsewhere", allowRuns: true })).toEqual([
    "mcp",
    "/w",
    "--runs",
    "/elsewhere",
    "--allow-runs",
  ]);
  expect(contributes.mcpServerDefinitionProviders).toEqual([{ id: mcpProvider, label: "Basin" }]);
  // A workspace's settings file comes with a clone.
  expect(contributes.configuration.properties["basin.mcp.allowRuns"]).toMatchObject({
    default: false,
    scope: "machine",
  });
});

test("a clean-up offers what has ended, by age and end, and never what trains or waits", () => {
  const now = Date.parse("2026-03-10T00:00:00Z");
  const run = (folder: string, status: RunRecord["status"], created: string) =>
    ({ folder, status, verdict: null, note: emptyNote, info: { created } }) as RunRecord;
  const runs = [
    run("old", "finished", "2026-02-20T00:00:00Z"),
    run("failed", "failed", "2026-03-09T23:00:00Z"),
    ...(["running", "queued", "unknown"] as const).map((status) =>
      run(status, status, "2025-01-01T00:00:00Z"),
    ),
  ];
  const offered = cleanUpChoices(runs, now).map(({ label, runs: own }) => [
    label,
    own.map(({ folder }) => folder),
  ]);
  expect(Object.fromEntries(offered)).toEqual({
    "Failed, or their process is gone": ["failed"],
    "Ended without a verdict": ["old", "failed"],
    "Started more than a day ago": ["old"],
    "Started more than a week ago": ["old"],
    "All that have ended": ["old", "failed"],
  });
});
