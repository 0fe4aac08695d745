// What every file of scenarios begins with: one real VS Code with a workspace of its own, a picture and Basin's log of each scenario that fails.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { fileOf, type ExperimentName } from "./experiments";
import { codeServer, packedExtension, root } from "./setup";
import { startVsCode, stopVsCode, type VsCode, type VsCodeOptions } from "./vsCode";

const found = codeServer();
const missing = "missing" in found;
if (missing) console.log(`Skipped the end-to-end tests: ${found.missing}.`);

/** `describe` where VS Code can be had. */
export const inVsCode = describe.skipIf(missing);
/** The same for what rests on signals, links or pipes of POSIX. */
export const inVsCodeOnPosix = describe.skipIf(missing || process.platform === "win32");

export interface ScenarioTools {
  /** Takes a picture to look at. */
  readonly shot: (name: string) => Promise<void>;
  /** What an experiment's file says by now. */
  readonly text: (name: ExperimentName) => string;
}

/** Starts VS Code before the scenarios beside it and stops it after them; `opened` is given what they use. Hooks written above it run around it. */
export function openVsCode(options: VsCodeOptions, opened: (vsCode: VsCode) => void): ScenarioTools {
  let vsCode: VsCode | undefined;

  beforeAll(async () => {
    vsCode = await startVsCode(found, packedExtension(options.target), options);
    opened(vsCode);
  });

  afterAll(() => vsCode && stopVsCode(vsCode));

  const shot = async (name: string) => {
    const folder = join(root, "test", "e2e", "screenshots");
    mkdirSync(folder, { recursive: true });
    await vsCode?.workbench.page.screenshot({ path: join(folder, `${name}.png`) });
  };

  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    await shot(`failed ${task.name.slice(0, 40)}`);
    console.log(vsCode?.server.log());
  });

  return {
    shot,
    text: (name) => readFileSync(join(vsCode?.server.workspace ?? "", fileOf(name)), "utf8"),
  };
}
