// Where a Python script writes what a run of it was set to.
import { expect, test } from "vitest";
import { scriptPlacesIn, watchPlaceIn } from "../../../src/extension/script/scriptPlaces";
import { homeOf, scriptOf } from "../../../src/protocol/script";
import type { Experiment } from "../../../src/protocol/experiment";
import { fixtureRun } from "../../fixtures/writeRun";

const [rate, batch] = ["optimizer.learningRate", "optimizer.batchSize"] as const;

const runOf = (learningRate: number, batchSize: number | "full" = 64) =>
  fixtureRun("edge", { learningRate, batchSize }).info;

/** The text that is found for a setting, with what stands around it on its line; null for none. */
function found(text: string, setting: typeof rate | typeof batch, learningRate: number, batchSize?: number) {
  const place = scriptPlacesIn(text)(runOf(learningRate, batchSize))?.written.get(setting);
  if (!place) return null;
  const { offset, length, isValue, key } = place;
  const line = text.slice(text.lastIndexOf("\n", offset) + 1, text.indexOf("\n", offset));
  return { text: text.slice(offset, offset + length), line: line.trim(), isValue, key };
}

const watched = `
import basin
import torch.optim as optim
loader = DataLoader(train, batch_size=64, shuffle=True)
test_loader = DataLoader(test, batch_size=64)
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
probe = basin.watch(model, optimizer, loss=F.cross_entropy, data=basin.hold(loader, examples=2048))
`;
const call = { text: "basin.watch", isValue: false, key: "lr" };

test("a number that an optimizer is given is its place, whatever of Python it is written in", () => {
  const written: readonly (readonly [string, string])[] = [
    ["lr=0.1", "0.1"],
    ["lr = 1e-1", "1e-1"],
    ["lr=.1", ".1"],
    ["lr=0.10,  # lr=0.2 is too much (\n    dampening=0", "0.10"],
    ["momentum=0.9,\n    lr=0.1", "0.1"],
    ["betas=(0.9, 0.99), lr=0.1", "0.1"],
  ];
  for (const [argument, number] of written) {
    const text = watched.replace("lr=0.1", argument);
    expect([argument, found(text, rate, 0.1)]).toEqual([
      argument,
      expect.objectContaining({ text: number, isValue: true, key: "lr" }),
    ]);
  }
  expect(found(watched.replace("lr=0.1", "0.1"), rate, 0.1)).toMatchObject({ text: "0.1", isValue: true });
});

test("a name that is given one number is followed to it; one that is changed is not", () => {
  const named = watched
    .replace("lr=0.1", "lr=LR")
    .replace("loader =", "LR: float = 0.1  # the rate\nloader =");
  expect(found(named, rate, 0.1)).toMatchObject({ text: "0.1", line: "LR: float = 0.1  # the rate" });
  expect(found(`${named}LR = 0.2\n`, rate, 0.1)).toMatchObject(call);
  expect(found(`${named}for LR in rates:\n    pass\n`, rate, 0.1)).toMatchObject(call);
});

test("a value from the command line, an experiment file, a schedule or a caller stands at the call that watches", () => {
  for (const from of ["args.lr", 'settings["lr"]', "float(sys.argv[1])", "10 ** -k"])
    expect([from, found(watched.replace("lr=0.1", `lr=${from}`), rate, 0.1)]).toMatchObject([from, call]);
  const scheduled = watched.replace("probe =", "scheduler = LambdaLR(optimizer, warm_up)\nprobe =");
  expect(found(scheduled, rate, 0.001)).toMatchObject(call);
  expect(found(scheduled, rate, 0.1)).toMatchObject({ text: "0.1", isValue: true });
  const built = watched.replace(/optimizer = .*/, "optimizer = make_optimizer(model)");
  expect(found(built, rate, 0.1)).toMatchObject(call);
});

test("a parameter's default is the place where no caller says otherwise", () => {
  const text = watched
    .replace("lr=0.1", "lr=lr")
    .replace("import basin", "def main(lr: float = 0.1): ...\nimport basin");
  expect(found(text, rate, 0.1)).toMatchObject({ text: "0.1", line: "def main(lr: float = 0.1): ..." });
  expect(found(text, rate, 0.2)).toMatchObject(call);
});

test("a script that says something else by now has no place for the run", () => {
  expect(found(watched, rate, 0.2)).toBeNull();
  expect(scriptPlacesIn(watched)(runOf(0.2))).toBeNull();
});

test("of several optimizers the one that is watched is meant, else the nearest to the call", () => {
  const second = "critic = optim.Adam(other.parameters(), lr=0.1)\n";
  for (const text of [
    watched.replace("probe =", `${second}probe =`),
    watched.replace("optimizer =", `${second}optimizer =`),
  ])
    expect(found(text, rate, 0.1)?.line).toContain("optimizer = optim.SGD");
  const inline =
    "basin.watch(model, build(), loss=f)\na = optim.SGD(p, lr=0.1)\n\n\n\nb = optim.SGD(q, lr=0.1)\n";
  expect(found(`import basin\n${inline}`, rate, 0.1)?.line).toBe("a = optim.SGD(p, lr=0.1)");
});

test("a batch size is that of the loader that is watched, not of the one that tests", () => {
  expect(found(watched, batch, 0.1)).toMatchObject({ text: "64", key: "batch_size" });
  expect(found(watched, batch, 0.1)?.line).toContain("loader = DataLoader(train");
  expect(found(watched.replace("basin.hold(loader, examples=2048)", "held"), batch, 0.1)?.line).toContain(
    "train",
  );
  // Over two ranks a step's batch is another number than any that is written.
  expect(found(watched, batch, 0.1, 128)).toBeNull();
});

test("what strings and comments say is not seen", () => {
  const text = `import basin\n"""\nbasin.watch(lr=0.1)\n"""\n# basin.watch(lr=0.1)\nx = "optim.SGD(p, lr=0.1)"\n`;
  expect(watchPlaceIn(text)).toBeUndefined();
  expect(scriptPlacesIn(text)(runOf(0.1))).toBeNull();
});

test("the call that watches is found under any name its import gives it, and only where there is one", () => {
  const at = (text: string) => {
    const offset = watchPlaceIn(text);
    return offset === undefined ? null : text.slice(offset, text.indexOf("(", offset));
  };
  expect(at("import basin\nbasin.watch(m, o)")).toBe("basin.watch");
  expect(at("import os, basin as b\nprobe = b.watch (m, o)")).toBe("b.watch ");
  expect(at("from basin import hold, watch as observe\nobserve(m, o)")).toBe("observe");
  expect(at("import basin\ntrainer = Trainer(callbacks=[basin.lightning(loss=f, data=d)])")).toBe(
    "basin.lightning",
  );
  expect(at("basin.watch(m, o)")).toBeNull();
  expect(at("import basinet\nbasinet.watch(m, o)")).toBeNull();
});

test("an unfinished or damaged text is borne", () => {
  for (let end = 0; end <= watched.length; end += 3) scriptPlacesIn(watched.slice(0, end))(runOf(0.1));
  for (const text of ["((((", "'''", '"', "lr=", "import basin\nbasin.watch(", "def f(lr=", "\\"])
    expect(scriptPlacesIn(text)(runOf(0.1))).toBeNull();
});

test("a run belongs to the script that its experiment names, and to the experiment before it", () => {
  const experiment = (python: string) => ({ trainer: { python } }) as unknown as Experiment;
  const info = (file: string, python: string) => ({ file, experiment: experiment(python) });
  expect(scriptOf(info("/w/a/b.basin.json", "../train.py"))).toBe("/w/train.py");
  expect(scriptOf(info("/w/a/b.basin.json", "./c/train.py"))).toBe("/w/a/c/train.py");
  expect(scriptOf(info("/w/b.basin.json", "/else/train.py"))).toBe("/else/train.py");
  expect(scriptOf(info("C:\\w\\b.basin.json", "lib\\train.py"))).toBe("C:\\w\\lib\\train.py");
  expect(scriptOf(info("", ""))).toBeUndefined();
  expect(homeOf(info("/w/b.basin.json", "train.py"))).toBe("/w/b.basin.json");
  expect(homeOf(info("", "/w/train.py"))).toBe("/w/train.py");
  expect(homeOf({ file: "", experiment: {} as Experiment })).toBe("");
});
