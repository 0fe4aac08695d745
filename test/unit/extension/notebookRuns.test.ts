// Outputs of notebooks, told of their runs: those of this workspace, while they are in sight, and no others.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { readRun, type RunRecord } from "../../../src/launchers";
import { fromHost, type FromNotebook, type ToNotebook } from "../../../src/record/notebookMessages";
import type { ToPanel } from "../../../src/record/panelMessages";
import { EventTail } from "../../../src/record/disk/tail";
import { RunSeries } from "../../../src/record/runSeries";
import { receive } from "../../../src/record/transfer";
import { isRunsDirHere } from "../../../src/extension/disk/runsDirHere";
import { writeRun } from "../../fixtures/writeRun";

const workspace = mkdtempSync(join(tmpdir(), "basin-notebooks-"));
const outside = mkdtempSync(join(tmpdir(), "basin-outside-"));
afterAll(() => [workspace, outside].forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** What of VS Code these outputs touch. */
const fake = vi.hoisted(() => ({
  receive: (_event: unknown): void => undefined,
  posted: [] as unknown[],
  visible: [] as unknown[],
  onVisible: (): void => undefined,
  folder: "",
}));

vi.mock("vscode", () => ({
  EventEmitter: class {},
  ViewColumn: {},
  notebooks: {
    createRendererMessaging: () => ({
      onDidReceiveMessage: (receive: (event: unknown) => void) => {
        fake.receive = receive;
        return { dispose: () => undefined };
      },
      postMessage: (message: unknown) => Promise.resolve(fake.posted.push(message)),
    }),
  },
  window: {
    get visibleNotebookEditors() {
      return fake.visible;
    },
    onDidChangeVisibleNotebookEditors: (heard: () => void) => {
      fake.onVisible = heard;
      return { dispose: () => undefined };
    },
  },
  workspace: {
    isTrusted: true,
    onDidCloseNotebookDocument: () => ({ dispose: () => undefined }),
    getWorkspaceFolder: () => ({ uri: { fsPath: fake.folder } }),
  },
  Uri: { file: (fsPath: string) => ({ fsPath }) },
  commands: { executeCommand: () => Promise.resolve() },
}));

const { diskSource } = await import("../../../src/extension/disk/diskSource");
const { NotebookRuns } = await import("../../../src/extension/notebook/notebookRuns");

const notebook = join(workspace, "deep", "a.ipynb");
const editor = { notebook: { uri: { scheme: "file", fsPath: notebook, toString: () => notebook } } };
const runsDir = join(workspace, ".basin", "runs");
const folder = writeRun(runsDir, "unstable", { steps: 100 });

/** The runs that the workspace lists. */
async function outputs(known: readonly string[]) {
  fake.folder = workspace;
  const records: RunRecord[] = await Promise.all(known.map((one) => readRun(one)));
  const looked: string[] = [];
  const runs = {
    onDidChange: () => ({ dispose: () => undefined }),
    byKey: (key: string) => records.find((run) => run.folder === key),
    labelOf: ({ info }: RunRecord) => info.experiment.name,
    refresh: () => Promise.resolve(),
    source: diskSource({ all: [] } as never),
  };
  const log = { warn: () => undefined, error: () => undefined };
  const own = new NotebookRuns(
    { runs, log } as never,
    { look: (named: readonly string[]) => looked.push(...named) } as never,
  );
  const say = (message: FromNotebook) => fake.receive({ editor, message });
  return { own, say, looked };
}

/** What came through, as JSON carries it. */
const told = (): ToPanel[] =>
  (JSON.parse(JSON.stringify(fake.posted)) as ToNotebook[]).map((message) => fromHost(message));

beforeEach(() => {
  fake.posted.length = 0;
  fake.visible = [editor];
});

test("an output is told its run and the run's log, by a path from the workspace folder", async () => {
  const { own, say, looked } = await outputs([folder]);
  say({ kind: "show", output: "1", folder: folder.slice(workspace.length + 1) });
  await expect.poll(told).toMatchObject([
    { kind: "select", run: { key: folder } },
    { kind: "series", run: folder },
  ]);
  expect((fake.posted as ToNotebook[]).every(({ output }) => output === "1")).toBe(true);
  expect(looked).toContain(folder);
  const series = new RunSeries();
  for (const message of told()) if (message.kind === "series") receive(series, message.delta);
  const read = new RunSeries();
  for (const event of new EventTail(join(folder, "events.jsonl")).read(1 << 24).events) read.add(event);
  for (const name of ["loss.train", "sharpness"]) {
    expect([...series.column(name).values]).toEqual([...read.column(name).values]);
    expect([...series.column(name).steps]).toEqual([...read.column(name).steps]);
  }
  own.dispose();
});

test("out of sight it is told nothing; back in sight it is told from the beginning", async () => {
  const { own, say } = await outputs([folder]);
  fake.visible = [];
  say({ kind: "show", output: "1", folder });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told()).toEqual([]);
  fake.visible = [editor];
  fake.onVisible();
  await expect.poll(told).toMatchObject([{ kind: "select" }, { kind: "series" }]);
  own.dispose();
});

test("a run that the workspace does not list is not read, whoever names it", async () => {
  const elsewhere = writeRun(outside, "edge", { steps: 100 });
  const { own, say } = await outputs([folder]);
  for (const named of [elsewhere, "../../etc", `${folder}/../../..`, ""])
    say({ kind: "show", output: named, folder: named });
  say({ kind: "show", output: "ours", folder });
  await expect.poll(told).toHaveLength(2);
  expect((fake.posted as ToNotebook[]).map(({ output }) => output)).toEqual(["ours", "ours"]);
  own.dispose();
});

test("what an output names is looked for in runs folders inside the workspace alone, links followed", () => {
  const nested = join(workspace, "deep", ".basin", "runs");
  mkdirSync(nested, { recursive: true });
  const linked = join(workspace, "linked", ".basin");
  const theirs = join(outside, ".basin", "runs");
  mkdirSync(theirs, { recursive: true });
  mkdirSync(dirname(linked), { recursive: true });
  symlinkSync(join(outside, ".basin"), linked);
  mkdirSync(join(workspace, "other", "runs"), { recursive: true });
  expect([runsDir, nested].map((dir) => isRunsDirHere(dir, [workspace]))).toEqual([true, true]);
  for (const dir of [
    theirs,
    join(linked, "runs"),
    join(workspace, "other", "runs"),
    workspace,
    join(workspace, "gone", ".basin", "runs"),
  ])
    expect(isRunsDirHere(dir, [workspace]), dir).toBe(false);
});
