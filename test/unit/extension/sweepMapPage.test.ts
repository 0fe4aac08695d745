// The host's half of a sweep's map, beside a document and a webview that do what VS Code's do.
import { beforeEach, expect, test, vi } from "vitest";
import type { FromMap, ToMap } from "../../../src/record/sweepMapMessages";
import { decodeToMap } from "../../../src/record/sweepMapMessages";
import { emptyNote } from "../../../src/record/runNote";
import type { RunRecord } from "../../../src/record/runRecord";
import { fixtureRun } from "../../fixtures/writeRun";

const fake = vi.hoisted(() => ({
  text: "",
  trusted: true,
  commands: [] as unknown[][],
  errors: [] as string[],
  changed: [] as ((event: unknown) => void)[],
  document: {},
}));

vi.mock("vscode", () => {
  const nothing = { dispose: () => undefined };
  class WorkspaceEdit {
    next = "";
    replace = (_uri: unknown, _range: unknown, next: string) => (this.next = next);
  }
  return {
    WorkspaceEdit,
    Range: class {},
    Uri: { joinPath: () => ({}) },
    ViewColumn: {},
    commands: { executeCommand: (...call: unknown[]) => Promise.resolve(fake.commands.push(call)) },
    window: { showErrorMessage: (words: string) => Promise.resolve(fake.errors.push(words)) },
    workspace: {
      get isTrusted() {
        return fake.trusted;
      },
      textDocuments: [],
      onDidGrantWorkspaceTrust: () => nothing,
      onDidChangeTextDocument: (listener: (event: unknown) => void) => {
        fake.changed.push(listener);
        return nothing;
      },
      openTextDocument: () => Promise.resolve(fake.document),
      applyEdit: ({ next }: WorkspaceEdit) => {
        fake.text = next;
        fake.changed.forEach((tell) => tell({ document: fake.document }));
        return Promise.resolve(true);
      },
    },
  };
});

const { SweepMapPage } = await import("../../../src/extension/sweepMap/sweepMapPage");
type Services = ConstructorParameters<typeof SweepMapPage>[2];

const written = `{
  "data": { "source": "spirals" }, "model": { "kind": "mlp", "hidden": [20] },
  "optimizer": { "kind": "sgd", "learningRate": 0.1 },
  // kept
  "sweep": { "optimizer.learningRate": [0.1, 0.4], "optimizer.batchSize": [4, 16] }
}
`;
const uri = { fsPath: "/w/a.basin.json", path: "/w/a.basin.json", toString: () => "file:///w/a.basin.json" };

function record(learningRate: number, status: RunRecord["status"], step = 0): RunRecord {
  const { info } = fixtureRun("edge", { learningRate });
  const limits = { sharpness: Infinity, preconditionedSharpness: Infinity, nonuniformity: Infinity };
  const none = {
    time: 0,
    verdict: null,
    flag: null,
    forecast: null,
    last: {},
    damage: [],
    note: emptyNote,
    limits,
    place: null,
  };
  return { folder: `/w/.basin/runs/${learningRate}`, info, status, step, ...none };
}

/** A page that has said it is ready; what it was told, and what was started. */
async function opened() {
  const told: ToMap[] = [];
  const starts: (readonly string[])[] = [];
  let own: RunRecord[] = [];
  let receive: (raw: unknown) => void = () => undefined;
  let changed: () => void = () => undefined;
  const webview = {
    cspSource: "x",
    asWebviewUri: () => ({}),
    onDidReceiveMessage: (listener: (raw: unknown) => void) => {
      receive = listener;
      return { dispose: () => undefined };
    },
    postMessage: (message: unknown) => told.push(decodeToMap(message)),
  };
  const services = {
    context: { extensionUri: {} },
    log: { warn: () => undefined, error: () => undefined },
    runs: {
      onDidChange: (listener: () => void) => {
        changed = listener;
        return { dispose: () => undefined };
      },
      refresh: () => Promise.resolve(),
      of: () => own,
    },
    starter: {
      start: (_uri: unknown, overrides: readonly string[]) => Promise.resolve(void starts.push(overrides)),
    },
  };
  const page = new SweepMapPage(webview as never, uri as never, services as unknown as Services);
  const say = (message: FromMap) => receive(message);
  say({ kind: "ready" });
  await vi.waitFor(() => expect(told).toHaveLength(1));
  const runs = (next: RunRecord[]) => {
    own = next;
    changed();
  };
  return { page, told, starts, say, runs };
}

beforeEach(() => {
  fake.text = written;
  fake.trusted = true;
  fake.document = { uri, getText: () => fake.text, positionAt: (at: number) => at };
  for (const list of [fake.commands, fake.errors, fake.changed]) list.length = 0;
});

test("the map is told once, then only the cells that changed, and after a reload all of it", async () => {
  const { page, told, say, runs } = await opened();
  expect(told[0]).toMatchObject({ kind: "map", mayRun: true, map: { cells: { length: 4 } } });
  runs([record(0.1, "running", 7)]);
  await vi.waitFor(() => expect(told).toHaveLength(2));
  expect(told[1]).toMatchObject({ kind: "cells", cells: [{ x: 0, y: 0, status: "running", step: 7 }] });
  page.hidden();
  runs([record(0.1, "running", 8)]);
  say({ kind: "ready" });
  await vi.waitFor(() => expect(told).toHaveLength(3));
  expect(told[2]).toMatchObject({ kind: "map" });
});

test("a cell with a run opens it; one without runs its own point", async () => {
  const { told, starts, say, runs } = await opened();
  runs([record(0.1, "finished")]);
  await vi.waitFor(() => expect(told).toHaveLength(2));
  say({ kind: "cell", x: 0, y: 0 });
  await vi.waitFor(() => expect(fake.commands).toEqual([["basin.openPanel", { run: "/w/.basin/runs/0.1" }]]));
  say({ kind: "cell", x: 1, y: 1 });
  await vi.waitFor(() => expect(starts).toEqual([["optimizer.batchSize=16", "optimizer.learningRate=0.4"]]));
});

test("a value goes into the file's list, its comments kept, and its points alone are run", async () => {
  const { told, starts, say } = await opened();
  say({ kind: "add", key: "optimizer.learningRate", typed: "0.2" });
  await vi.waitFor(() => expect(starts).toEqual([["optimizer.learningRate=0.2"]]));
  expect(fake.text).toBe(written.replace("[0.1, 0.4]", "[0.1, 0.2, 0.4]"));
  await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ kind: "map", map: { cells: { length: 6 } } }));
});

test("a value that may not stand there, and any action in an untrusted workspace, is refused and changes nothing", async () => {
  const { starts, say } = await opened();
  say({ kind: "add", key: "optimizer.learningRate", typed: "fast" });
  await vi.waitFor(() => expect(fake.errors).toHaveLength(1));
  expect(fake.errors[0]).toContain("optimizer.learningRate fast");
  fake.trusted = false;
  say({ kind: "add", key: "optimizer.learningRate", typed: "0.2" });
  say({ kind: "cell", x: 0, y: 0 });
  await vi.waitFor(() => expect(fake.errors).toHaveLength(3));
  expect(fake.errors[2]).toContain("untrusted");
  expect([fake.text, starts]).toEqual([written, []]);
});

test("a file whose sweep is gone says what one looks like", async () => {
  const { told } = await opened();
  fake.text = "{}";
  fake.changed.forEach((tell) => tell({ document: fake.document }));
  await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ kind: "none" }));
});
