// Loops that Basin's lines were put into, run under real torch: they train as before, and are watched.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { watchedLoop } from "../../src/extension/script/trainingLoop";
import { inserted } from "../support/inserted";
import { pythons } from "../support/pythons";
import { root, temporary } from "../support/runs";
import { loopShapes } from "../support/trainingLoops";

/** Runs each script of the folder in one process, as a program of its own: torch is imported once. The last parameters go to standard output. */
const runAll = `import json, os, runpy, sys, pathlib, torch
made = []
step = torch.optim.Optimizer.__init__
def keep(self, params, *more, **others):
    params = list(params)
    made.append(params)
    step(self, params, *more, **others)
torch.optim.Optimizer.__init__ = keep
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/train.py")):
    os.chdir(path.parent)
    sys.modules["__main__"].__file__ = str(path)
    sys.argv = [str(path)]
    made.clear()
    out, sys.stdout = sys.stdout, open(os.devnull, "w")
    runpy.run_path(str(path), run_name="__main__")
    sys.stdout = out
    print(json.dumps([path.parent.name, sum(float(p.detach().double().sum()) for p in made[0])]))
`;

describe.each(pythons.map(({ name, path }) => [name, path] as const))("under %s", (_name, python) => {
  test.skipIf(python === null)(
    "each loop trains to the same parameters with the lines as without, and leaves a run that has readings",
    async () => {
      const folder = temporary();
      for (const [i, { text }] of loopShapes.entries()) {
        const result = watchedLoop(text);
        if ("refused" in result) throw new Error(result.refused);
        for (const [which, script] of [
          ["a", text],
          ["b", inserted(text, result.insertions)],
        ]) {
          const own = join(folder, `${String(i).padStart(2, "0")}${which}`);
          mkdirSync(join(own, ".basin"), { recursive: true });
          writeFileSync(join(own, "train.py"), script);
        }
      }
      const child = spawn(python!, ["-c", runAll, folder], {
        env: {
          ...process.env,
          PYTHONPATH: join(root, "python", "src"),
          OMP_NUM_THREADS: "1",
          PYTHONDONTWRITEBYTECODE: "1",
        },
      });
      const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
      const sums = new Map(
        output
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as [string, number]),
      );
      expect(`${sums.size}\n${errors}`).toMatch(new RegExp(`^${2 * loopShapes.length}\\n`));
      for (const [i, { name }] of loopShapes.entries()) {
        const key = String(i).padStart(2, "0");
        expect([name, sums.get(`${key}b`)]).toEqual([name, sums.get(`${key}a`)]);
        const runs = join(folder, `${key}b`, ".basin", "runs");
        const [run] = readdirSync(runs);
        const log = readFileSync(join(runs, run, "events.jsonl"), "utf8");
        expect([name, log.includes('"sharpness":'), /"kind": ?"end".*"steps"/.test(log)]).toEqual([
          name,
          true,
          true,
        ]);
      }
    },
    240_000,
  );
});
