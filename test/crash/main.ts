// `npm run crash [-- COUNT]`: every crash point there is, whose figures go to test/crash/FIGURES.md; or COUNT of them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Campaign, type CrashPoint } from "./campaign";

const root = join(fileURLToPath(import.meta.url), "..", "..", "..");

async function main(): Promise<number> {
  const place = mkdtempSync(join(tmpdir(), "basin-crash-"));
  try {
    const campaign = new Campaign(place, root);
    const points = await campaign.points();
    process.stdout.write(`${points.length} crash points\n`);
    const started = Date.now();
    const failures: string[] = [];
    const fired = new Map<string, number>();
    const most = Number(process.argv[2] ?? points.length);
    const waiting = points.filter((_, i) => i % Math.ceil(points.length / most) === 0);
    const work = async (): Promise<void> => {
      for (let point = waiting.shift(); point; point = waiting.shift()) {
        try {
          if (await campaign.crash(point))
            count(fired, `${point.scenario} | ${point.operation} | ${point.phase}`);
        } catch (error) {
          failures.push(`${nameOf(point)}: ${(error as Error).message}`);
          process.stderr.write(`✗ ${failures.at(-1)}\n`);
        }
        if (waiting.length % 100 === 0) process.stdout.write(`${waiting.length} to go\n`);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() + 1 }, work));
    const text = figures(fired, failures, (Date.now() - started) / 1000);
    process.stdout.write(text);
    if (most >= points.length) writeFileSync(join(root, "test", "crash", "FIGURES.md"), text);
    return failures.length > 0 ? 1 : 0;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const nameOf = ({ scenario, at, operation, phase }: CrashPoint): string =>
  `${scenario}, ${phase} ${operation} ${at}`;

const count = (of: Map<string, number>, key: string): unknown => of.set(key, (of.get(key) ?? 0) + 1);

function figures(fired: ReadonlyMap<string, number>, failures: readonly string[], seconds: number): string {
  const total = [...fired.values()].reduce((a, b) => a + b, 0);
  const rows = [...fired].sort().map(([key, n]) => `| ${key} | ${n} |`);
  return [
    "# Crash points",
    "",
    "Written by `npm run crash`. Each point stops the process at one operation on the run's folder: killed before it, after half of",
    "its bytes, or after it, or told that the disk is full. Then the folder is listed, the run goes on, and θ, every reading and the",
    "verdict are compared with those of a run that nothing stopped.",
    "",
    `**${total} points reached, ${failures.length} failures**, ${Math.round(seconds)} s on ${cpus()[0].model.trim()}, ` +
      `${availableParallelism()} cores, Node ${process.versions.node}, ${process.platform}.`,
    "",
    "| Process | Operation | Stopped | Points |",
    "| --- | --- | --- | ---: |",
    ...rows,
    "",
    ...failures.map((failure) => `- ${failure.split("\n")[0]}`),
    ...(failures.length > 0 ? [""] : []),
  ].join("\n");
}

process.exit(await main());
