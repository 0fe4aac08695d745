// `npm start`: set-up, then the example (or the files given after --) on the terminal, then how to open the same in VS Code.
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { root, setup } from "./setup.mjs";

const example = join("examples", "first-verdict.basin.json");
const args = process.argv.slice(2);

try {
  setup();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

const given = args.length > 0 ? args : [join(root, example)];
const from = process.env.INIT_CWD ?? process.cwd();
const child = spawn(process.execPath, [join(root, "dist", "cli.js"), "run", ...given], {
  cwd: from,
  stdio: "inherit",
});
// A terminal sends Ctrl-C to the command line below as well, which ends the run with its verdict; we wait for it.
process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => {
  if (process.stdout.isTTY || !args.includes("--json")) {
    const shown = args.length > 0 ? resolve(from, args.find((arg) => !arg.startsWith("-")) ?? ".") : example;
    process.stderr.write(
      [
        "",
        "The same in VS Code:",
        "  npm run package                     packs basin-<platform>.vsix",
        "  code --install-extension basin-<platform>.vsix",
        `  code ${args.length > 0 ? "" : ". "}${shown}`,
        "and press ▶ Run above the experiment.",
        "",
      ].join("\n"),
    );
  }
  process.exit(code ?? (signal === "SIGINT" ? 130 : 1));
});
