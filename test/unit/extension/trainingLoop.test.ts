// The lines of Basin in a training loop: which names they take, where they stand, and when none are put in.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { watchPlaceIn } from "../../../src/extension/script/scriptPlaces";
import { mayTrain, watchedLoop } from "../../../src/extension/script/trainingLoop";
import type { Insertion } from "../../../src/extension/script/watchInsertion";
import { inserted } from "../../support/inserted";
import { loopShapes, refusedShapes } from "../../support/trainingLoops";

function insertionsOf(text: string, at?: number): readonly Insertion[] {
  const result = watchedLoop(text, at);
  if ("refused" in result) throw new Error(result.refused);
  return result.insertions;
}

describe.each(loopShapes.map((shape) => [shape.name, shape] as const))(
  "%s",
  (_name, { text, has, lacks = [] }) => {
    const after = inserted(text, insertionsOf(text));

    test("the call has the script's own names", () => {
      const call = after.slice(after.indexOf("basin.watch("), after.indexOf("every=100"));
      for (const argument of has) expect(call).toContain(`${argument},`);
      for (const argument of lacks) expect(call).not.toContain(argument);
    });

    test("nothing of the script is changed: without the new lines it is what it was", () => {
      const lines = insertionsOf(text)
        .flatMap(({ text: one }) => one.split("\n"))
        .filter((line) => line !== "");
      const kept = after.split("\n").filter((line) => !lines.includes(line));
      expect(kept).toEqual(text.split("\n"));
      expect(watchPlaceIn(after)).toBeDefined();
      expect(watchedLoop(after)).toEqual({ refused: expect.stringContaining("already") });
    });
  },
);

test("each result is a program to Python, with `step` right behind the optimizer's", () => {
  const all = loopShapes.map(({ text }) => inserted(text, insertionsOf(text)));
  const checks = `import ast, json, sys
for text in json.load(sys.stdin):
    calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    named = lambda owner, name: [n for n in calls if n.func.attr == name and getattr(n.func.value, "id", "") == owner]
    assert len(named("basin", "watch")) == len(named("probe", "step")) == len(named("probe", "close")) == 1, text
    steps = [n.lineno for n in calls if n.func.attr == "step" and getattr(n.func.value, "id", "") not in ("probe", "scheduler")]
    assert [named("probe", "step")[0].lineno - 1] == steps, (steps, text)
`;
  const { status, stderr, error } = spawnSync("python3", ["-c", checks], {
    input: JSON.stringify(all),
    encoding: "utf8",
  });
  // A machine without Python has shown the rest.
  if (error) return;
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("where something cannot be seen nothing is put in, and the reason is said", () => {
  for (const { text, why } of refusedShapes)
    expect([text, watchedLoop(text)]).toEqual([text, { refused: expect.stringMatching(why) }]);
});

test("of several loops the one with the cursor is meant", () => {
  const [one, other] = [loopShapes[0].text, loopShapes[1].text];
  const text = `${one}\n${other}`;
  const places = [text.indexOf("inputs, targets in"), text.indexOf("(images, labels) in")];
  for (const [i, at] of places.entries()) {
    const after = inserted(text, insertionsOf(text, at));
    expect(after.indexOf("basin.watch(") < after.lastIndexOf("torch.manual_seed")).toBe(i === 0);
  }
});

test("line ends stay as they are", () => {
  const text = loopShapes[0].text.replace(/\n/g, "\r\n");
  expect(inserted(text, insertionsOf(text))).toBe(
    inserted(loopShapes[0].text, insertionsOf(loopShapes[0].text)).replace(/\n/g, "\r\n"),
  );
});

test("no text makes it fail: it inserts or refuses", () => {
  const { text } = loopShapes[1];
  for (let end = 0; end < text.length; end += 7) {
    const cut = text.slice(0, end);
    const result = watchedLoop(cut, end);
    expect("refused" in result || mayTrain(cut)).toBe(true);
  }
});

test("a text made to be slow is passed over as quickly as any", () => {
  const long = 150_000;
  const texts = [
    "f(".repeat(long / 2),
    "f(".repeat(long / 3) + ")".repeat(long / 3),
    "for ".repeat(long / 4),
    "a.".repeat(long / 2),
    `x(${" ".repeat(long)}lr=1)`,
    "f(lr=1)\n".repeat(long / 8),
    "(".repeat(long) + "lr=0.1",
    "optimizer.step()\n".repeat(long / 17),
  ];
  for (const text of texts) {
    watchPlaceIn(`import basin\n${text}`);
    expect(watchedLoop(`loss.backward()\n${text}`)).toHaveProperty("refused");
  }
});
