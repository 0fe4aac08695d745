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
  [
    { kind: "field", change: "set", path: ["optimizer", "learningRate"], typed: "0.1" },
    { kind: "field", change: "set", path: ["optimizer", "learningRate"], typed: "0.1" },
  ],
  [
    { kind: "openAt", offset: 12 },
    { kind: "openAt", offset: 12 },
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
  { kind: "field", change: "write", path: ["seed"], typed: "1" },
  { kind: "field", change: "set", path: [], typed: "1" },
  { kind: "field", change: "set", path: ["a", 1], typed: "1" },
  { kind: "field", change: "set", path: Array(100).fill("a"), typed: "1" },
  { kind: "field", change: "set", path: "seed", typed: "1" },
  { kind: "field", change: "set", path: ["seed"], typed: 1 },
  { kind: "field", change: "set", path: ["seed"], typed: "x".repeat(1e6) },
  { kind: "openAt", offset: -1 },
  { kind: "openAt", offset: NaN },
])("%j is no message", (message) => {
  expect(decodeFromPanel(message)).toBeNull();
});
