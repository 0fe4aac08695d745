// The host's half of a form, beside a document that does what VS Code's does: edits, saves, changes of others.
import { beforeEach, expect, test, vi } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import type { ToPanel } from "../../../src/record/panelMessages";

interface Edit {
  readonly range: { readonly start: number; readonly end: number };
  readonly newText: string;
}

/** What of VS Code a form touches; positions are offsets. */
const fake = vi.hoisted(() => {
  type Listener = (event: unknown) => unknown;
  const listeners: Record<string, Listener[]> = { change: [], save: [] };
  const on = (name: string) => (listener: Listener) => {
    listeners[name].push(listener);
    return { dispose: () => undefined };
  };
  const warnings: string[] = [];
  return { listeners, on, warnings, apply: (_edits: Edit[]): boolean => true };
});

vi.mock("vscode", () => {
  class EventEmitter {
    private readonly heard: (() => void)[] = [];
    readonly event = (listener: () => void) => {
      this.heard.push(listener);
      return { dispose: () => undefined };
    };
    fire = () => this.heard.forEach((listener) => listener());
    dispose = () => undefined;
  }
  class WorkspaceEdit {
    edits: Edit[] = [];
    set = (_uri: unknown, edits: Edit[]) => {
      this.edits = edits;
    };
  }
  return {
    EventEmitter,
    WorkspaceEdit,
    Range: class {
      constructor(
        readonly start: number,
        readonly end: number,
      ) {}
    },
    TextEdit: { replace: (range: unknown, newText: string) => ({ range, newText }) },
    ViewColumn: {},
    workspace: {
      isTrusted: true,
      textDocuments: [],
      onDidChangeTextDocument: fake.on("change"),
      onWillSaveTextDocument: fake.on("save"),
      onDidGrantWorkspaceTrust: () => ({ dispose: () => undefined }),
      applyEdit: ({ edits }: { edits: Edit[] }) => Promise.resolve(fake.apply(edits)),
    },
    window: {
      showWarningMessage: (text: string) => {
        fake.warnings.push(text);
        return Promise.resolve();
      },
    },
  };
});

const { FormHost } = await import("../../../src/extension/dashboard/formHost");

const written = `{
  // what this is about
  "data": { "source": "chebyshev", "degree": 3, "examples": 12 },
  "model": { "kind": "mlp", "hidden": [20] },
  "optimizer": { "kind": "sgd", "learningRate": 0.05 /* to be tried */ },
  "stop": { "steps": 10 },
}
`;

let text = written;
const edits: Edit[] = [];
const document = {
  uri: {
    scheme: "file",
    path: "/w/x.basin.json",
    fsPath: "/w/x.basin.json",
    toString: () => "file:///w/x.basin.json",
  },
  getText: () => text,
  positionAt: (offset: number) => offset,
};
fake.apply = (made) => {
  for (const { range, newText } of made) text = text.slice(0, range.start) + newText + text.slice(range.end);
  edits.push(...made);
  return true;
};

function form() {
  const host = new FormHost(document as never, { byKey: () => undefined } as never);
  const say = (change: "set" | "typing" | "remove" | "add" | "forget", key: string, typed = "") =>
    host.receive({ kind: "field", change, path: key.split("/"), typed });
  const field = async (key: string) => {
    const now = (await host.now()) as Extract<ToPanel, { kind: "form" }>;
    return now.form.fields.find(({ path }) => path.join("/") === key);
  };
  return { host, say, field };
}

beforeEach(() => {
  text = written;
  edits.length = 0;
  fake.warnings.length = 0;
});

test("what is typed becomes one edit of what differs", async () => {
  const { say, host } = form();
  await say("set", "optimizer/learningRate", "0.04");
  expect(text).toBe(written.replace("0.05", "0.04"));
  expect(edits).toEqual([
    { range: { start: text.indexOf("0.04") + 3, end: text.indexOf("0.04") + 4 }, newText: "4" },
  ]);
  expect(await host.settled()).toBe(true);
});

test("what may not stand there is refused in the checker's words, and said before a run", async () => {
  const { say, field, host } = form();
  await say("set", "optimizer/learningRate", "-1");
  const problems = checkExperiment(written.replace("0.05", "-1"), "/w/x.basin.json").problems;
  expect(text).toBe(written);
  expect((await field("optimizer/learningRate"))?.refused).toMatchObject({
    typed: "-1",
    message: problems[0].message,
  });
  expect(await host.settled()).toBe(false);
  expect(fake.warnings[0]).toContain("must be a number > 0");
  await say("forget", "optimizer/learningRate");
  expect((await field("optimizer/learningRate"))?.refused).toBeNull();
  expect(await host.settled()).toBe(true);
});

test("what someone else writes at a refused key is what holds", async () => {
  const { say, field } = form();
  await say("set", "optimizer/learningRate", "-1");
  text = written.replace("0.05", "0.07");
  expect(await field("optimizer/learningRate")).toMatchObject({ written: "0.07", refused: null });
});

test("a change that makes another key wrong is made, and said there", async () => {
  const { say, field } = form();
  await say("set", "model/kind", "sequential");
  expect(text).toContain('"model": { "kind": "sequential" }');
  expect((await field("model"))?.problems[0].message).toContain("no `layers`");
});

test("an emptied field is the key taken out; one that must be there is refused", async () => {
  const { say, field } = form();
  await say("set", "stop/steps", " ");
  expect(text).toContain('"stop": { }');
  await say("set", "model/hidden", "");
  expect((await field("model/hidden"))?.refused?.message).toContain("`hidden` must be a list");
});

test("a part comes in with what holds without it, and goes with its comments' neighbours left alone", async () => {
  const { say, field } = form();
  await say("add", "probes");
  expect(text).toContain('"probes": { "sharpness": {}, "noise": {}, "generalization": {} },');
  expect((await field("probes/sharpness"))?.open).toBe(true);
  await say("remove", "probes");
  expect(text).toBe(written);
});

test("an axis of a sweep that is no key is refused at a field of its own", async () => {
  const { say, field } = form();
  await say("add", "sweep");
  await say("set", "sweep/optimizr.learningRate", "0.1, 0.2");
  expect((await field("sweep/optimizr.learningRate"))?.refused?.message).toMatch(/optimizr/);
  await say("set", "sweep/optimizer.learningRate", "0.1, 0.2");
  expect(text).toContain('"sweep": { "optimizer.learningRate": [0.1, 0.2] }');
});

test("a save takes along what is being typed, where it may stand", async () => {
  const { say } = form();
  await say("typing", "optimizer/learningRate", "0.03");
  await say("typing", "stop/steps", "-3");
  let waited: Promise<Edit[]> = Promise.resolve([]);
  const waitUntil = (made: Promise<Edit[]>) => (waited = made);
  for (const listener of fake.listeners.save) listener({ document, waitUntil });
  fake.apply(await waited);
  expect(text).toBe(written.replace("0.05", "0.03"));
});

test("changes come one after another, each of the text that the last one left", async () => {
  const { say } = form();
  await Promise.all([say("set", "seed", "7"), say("set", "name", "two"), say("set", "seed", "8")]);
  expect(text).toContain('"seed": 8,');
  expect(text).toContain('"name": "two",');
  expect(checkExperiment(text, "/w/x.basin.json").problems).toEqual([]);
});

test("a document that takes no edit is said", async () => {
  const { say } = form();
  const taken = fake.apply;
  fake.apply = () => false;
  await expect(say("set", "seed", "7")).rejects.toThrow("read-only");
  fake.apply = taken;
});
