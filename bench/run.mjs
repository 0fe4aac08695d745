// `npm run bench [NAME…]`: bundles the benchmarks and runs them one after another, each beside its peer.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
if (!existsSync(join(root, "node_modules", "esbuild"))) {
  const { status } = spawnSync(process.execPath, [join(root, "scripts/setup.mjs")], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
const { build } = await import("esbuild");
const wanted = process.argv.slice(2);
const names = readdirSync(join(root, "bench"))
  .filter((file) => file.endsWith(".bench.ts"))
  .map((file) => basename(file, ".bench.ts"))
  .filter((name) => wanted.length === 0 || wanted.includes(name));
for (const name of names) {
  const outfile = join(root, "dist", "bench", `${name}.js`);
  await build({
    entryPoints: [join(root, "bench", `${name}.bench.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    external: ["onnxruntime-node", "onnxruntime-web"],
    mainFields: ["module", "main"],
    logLevel: "warning",
  });
  const { status } = spawnSync(process.execPath, [outfile], { stdio: "inherit", cwd: join(root, "bench") });
  if (status !== 0) process.exit(status ?? 1);
}
