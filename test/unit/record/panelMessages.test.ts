// What the panel's page may ask of the editor: anything else is no message.
import { expect, test } from "vitest";
import { decodeFromPanel } from "../../../src/record/panelMessages";

test.each([
  [{ kind: "ready", more: 1 }, { kind: "ready" }],
  [{ kind: "pickRun" }, { kind: "pickRun" }],
  [
    { kind: "command", command: "run" },
    { kind: "command", command: "run" },
  ],
  [
    { kind: "openFile", run: "/r", file: "verdict" },
    { kind: "openFile", run: "/r", file: "verdict" },
  ],
  [
    { kind: "openPanel", run: "/r" },
    { kind: "openPanel", run: "/r" },
  ],
  [
    { kind: "addProbe", run: "/r", probe: "noise" },
    { kind: "addProbe", run: "/r", probe: "noise" },
  ],
])("%j is read as what it is", (message, expected) => {
  expect(decodeFromPanel(message)).toEqual(expected);
});

test.each([
  null,
  "ready",
  [],
  {},
  { kind: "constructor", run: "/r" },
  { kind: "command", command: "workbench.action.terminal.new" },
  { kind: "command", command: "deleteRun" },
  { kind: "select", run: "/r" },
  { kind: "stop", run: 7 },
  { kind: "openFile", run: "/r", file: "../../../etc/passwd" },
  { kind: "openFile", run: "/r", file: "toString" },
  { kind: "addProbe", run: "/r", probe: '": {}, "x' },
])("%j is no message", (message) => {
  expect(decodeFromPanel(message)).toBeNull();
});
