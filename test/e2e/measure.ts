// Packs the VSIX and starts VS Code several times: prints the VSIX's size and the median activation time.
import { statSync } from "node:fs";
import { cpus } from "node:os";
import { fileOf, writeExperiments } from "./experiments";
import { startServer } from "./server";
import { codeServer, packedExtension } from "./setup";
import { settings } from "./settings";
import { Workbench } from "./workbench";

async function activation(entry: string, vsix: string): Promise<number> {
  const server = await startServer(entry, vsix, settings);
  try {
    writeExperiments(server.workspace);
    const workbench = await Workbench.open(server.url);
    await workbench.openFile(fileOf("steady"));
    await workbench.lens("▶ Run").waitFor();
    const milliseconds = await server.logged(/Activated in ([\d.]+) ms/);
    await workbench.close();
    return Number(milliseconds);
  } finally {
    await server.stop();
  }
}

async function main(starts: number): Promise<void> {
  const found = codeServer();
  const vsix = packedExtension();
  console.log(`VSIX for ${process.platform}-${process.arch}: ${(statSync(vsix).size / 1e6).toFixed(1)} MB`);
  if ("missing" in found) return console.log(`Activation not measured: ${found.missing}.`);
  const times: number[] = [];
  for (let i = 0; i < starts; i++) times.push(await activation(found.entry, vsix));
  const sorted = [...times].sort((a, b) => a - b);
  const median = sorted[starts >> 1];
  console.log(
    `Activation: median ${median.toFixed(1)} ms of ${starts} starts (${sorted.map((t) => t.toFixed(1)).join(", ")}); ` +
      `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`,
  );
}

await main(Number(process.argv[2] ?? 5));
