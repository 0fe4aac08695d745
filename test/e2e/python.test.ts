// Scripts of the user's own in real VS Code: PyTorch set up, a script run from its lens and fixed where it is flagged, lines put into a loop, a run by hand.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pythons } from "../support/pythons";
import { loopShapes } from "../support/trainingLoops";
import { inVsCodeOnPosix, openVsCode } from "./scenario";
import type { Workbench } from "./workbench";

const exec = promisify(execFile);
const python = pythons.at(-1)?.path ?? null;
if (python === null) console.log("Skipped the scenarios of scripts: there is no current torch here.");

/** λmax(H) is 2 everywhere, so that 1 is the largest stable learning rate; a few steps beyond it the loss is still a number. */
const flaggedScript = `import torch
import torch.nn.functional as F

import basin

torch.manual_seed(0)
X = 2 * torch.eye(4).repeat(16, 1)
Y = X.sum(1, keepdim=True)
model = torch.nn.Linear(4, 1, bias=False)
optimizer = torch.optim.SGD(model.parameters(), lr=1.06)

probe = basin.watch(model, optimizer, loss=F.mse_loss, data=basin.hold((X, Y)),
    batch_size=64, sampling="epochs", drop_last=False, every=10, budget=None)
for step in range(40):
    optimizer.zero_grad()
    loss = F.mse_loss(model(X), Y)
    loss.backward()
    optimizer.step()
    probe.step(loss)
probe.close()
`;

const [given, plain] = [flaggedScript.replace("lr=1.06", "lr=float(sys.argv[1])"), loopShapes[0].text];

const inVsCode = python === null ? describe.skip : inVsCodeOnPosix;
/** A Python that imports torch takes its time on a busy machine. */
const slow = 600_000;

inVsCode("Scripts in VS Code", () => {
  let workbench: Workbench;
  let workspace = "";
  /** An environment of its own, into which the extension installs; torch is the shared one's. */
  const environment = mkdtempSync(join(tmpdir(), "basin-e2e-python-"));
  const own = join(environment, "bin", "python");

  beforeAll(async () => {
    await exec(python!, ["-m", "venv", environment]);
    const site = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
    const placeOf = (path: string) => execFileSync(path, ["-c", site], { encoding: "utf8" }).trim();
    writeFileSync(join(placeOf(own), "torch-of-tests.pth"), `${placeOf(python!)}\n`);
  });
  afterAll(() => rmSync(environment, { recursive: true, force: true }));

  const { shot } = openVsCode({ fill, settings: { "basin.python": own } }, (vsCode) => {
    ({ workbench } = vsCode);
    ({ workspace } = vsCode.server);
  });

  function fill(folder: string): void {
    mkdirSync(folder, { recursive: true });
    const files = { "flagged.py": flaggedScript, "plain.py": plain, "given.py": `import sys\n${given}` };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  }
  const runsOf = (name: string): string[] => {
    const runs = join(workspace, ".basin", "runs");
    return readdirSync(runs)
      .filter((one) => one.includes(name))
      .map((one) => join(runs, one));
  };
  const textOf = (name: string): string => readFileSync(join(workspace, name), "utf8");

  test(
    "Set Up PyTorch installs the package that came with the extension into the Python of the setting",
    async () => {
      // VS Code reads its settings again: that of the machine stays.
      await workbench.useTheme("light");
      await workbench.useTheme("dark");
      await workbench.command("Basin: Set Up PyTorch");
      await workbench.dialog.getByText(dirname(own)).first().waitFor({ timeout: 150_000 });
      await workbench.dialog.locator(".monaco-button", { hasText: "Install" }).click();
      await workbench.notification("basin-torch is installed").waitFor({ timeout: 150_000 });
      const { stdout } = await exec(own, ["-c", "import basin; print(basin.__file__)"]);
      expect(stdout).toContain(environment);
    },
    slow,
  );

  test(
    "a script is run from its lens, flagged at the learning rate that it writes, and fixed there",
    async () => {
      await workbench.openFile("flagged.py");
      await workbench.lens("▶ Run with Basin").click();
      await workbench.lens(/latest run: unstable/).waitFor({ timeout: 150_000 });
      await workbench.tab("Basin: flagged").waitFor();
      await workbench.showProblems();
      const line = textOf("flagged.py")
        .split("\n")
        .findIndex((one) => one.includes("lr=1.06"));
      await expect.poll(() => workbench.problemLines(/Unstable/), { timeout: 20_000 }).toEqual([line + 1]);
      await workbench.hideBottom();
      await workbench.hint("⟨limit").waitFor();
      await expect.poll(() => workbench.sparklines(), { timeout: 20_000 }).toBeGreaterThan(0);
      await workbench.lens("Sharpness against its limit").click();
      await workbench.inlinePanel.getByText("Unstable").first().waitFor();
      await shot("script flagged dark");
      await workbench.lens("Sharpness against its limit").click();
      const place = { text: "lr=1.06", at: "1.06" };
      await workbench.applyQuickFix("flagged.py", place, /^Set lr to [\d.]+, the largest stable value/);
      await expect.poll(() => textOf("flagged.py"), { timeout: 20_000 }).toMatch(/lr=(0\.9\d*|1)\)/);
      await workbench.lens("▶ Run with Basin").click();
      await workbench.lens(/latest run: (stable|edge)/).waitFor({ timeout: 150_000 });
      await workbench.showProblems();
      await expect.poll(() => workbench.problemLines(/Unstable/), { timeout: 20_000 }).toEqual([]);
      await workbench.hideBottom();
    },
    slow,
  );

  test(
    "Basin's lines are put into a loop by its code action, and the script then runs and is watched",
    async () => {
      await workbench.closeAll();
      await workbench.openFile("plain.py");
      const place = { text: "optimizer.step()", at: "step" };
      await workbench.applyQuickFix("plain.py", place, "Watch this training loop with Basin");
      await expect.poll(() => textOf("plain.py"), { timeout: 20_000 }).toContain("probe.step(loss)");
      await shot("script watched");
      await workbench.lens("▶ Run with Basin").click();
      await workbench
        .lens(/latest run: (stable|inconclusive|edge|unstable|saddle)/)
        .waitFor({ timeout: 150_000 });
      const [run] = runsOf("plain");
      expect(readFileSync(join(run, "events.jsonl"), "utf8")).toContain('"sharpness"');
    },
    slow,
  );

  test(
    "a run that was started by hand is judged, and flagged at the call that watches where its rate is not in the script",
    async () => {
      await workbench.closeAll();
      await workbench.openFile("given.py");
      await workbench.lens("▶ Run with Basin").waitFor();
      await exec(own, ["given.py", "1.06"], { cwd: workspace });
      await workbench.lens(/latest run: unstable/).waitFor({ timeout: 150_000 });
      await workbench.hint("⟨η 1.06, limit").waitFor();
      await workbench.showProblems();
      const line = textOf("given.py")
        .split("\n")
        .findIndex((one) => one.includes("basin.watch("));
      await expect.poll(() => workbench.problemLines(/Unstable/), { timeout: 20_000 }).toEqual([line + 1]);
      await shot("script by hand");
      expect(runsOf("given")).toHaveLength(1);
      await workbench.showTree();
      await workbench.treeRow("given.py").waitFor();
      await shot("script tree");
    },
    slow,
  );
});
