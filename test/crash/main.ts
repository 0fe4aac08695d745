// `npm run crash [-- COUNT | POINT…]`: every crash point there is, whose figures go to test/crash/FIGURES.md; or COUNT of them, or
// those named as a failure names them: `npm run crash -- "stop, after write 169"`.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Campaign, nameOf, type CrashPoint } from "./campaign";

const root = join(fileURLToPath(import.meta.url), "..", "..", "..");

/** In memory where the system has such a place: a killed process loses nothing of what it wrote, and fsync takes most of the time. */
const memory = "/dev/shm";
/** A run killed before this operation leaves a resume more of them than a run killed half-way does. */
const early = 100;

async function main(): Promise<number> {
  const place = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "basin-crash-"));
  try {
    const campaign = new Campaign(place, root);
    const points = await campaign.points();
    process.stdout.write(`${points.length} crash points\n`);
    const started = Date.now();
    const failures: string[] = [];
    const alone: CrashPoint[] = [];
    const fired = new Map<string, number>();
    const chosen = chosenFrom(points, process.argv.slice(2));
    const resumes = chosen.filter(({ scenario }) => scenario === "resume");
    const waiting = chosen.filter(({ scenario }) => scenario !== "resume");
    const work = async (): Promise<void> => {
      while (waiting.length + resumes.length > 0) {
        const first = waiting.shift();
        // Two crashes on one folder; what an early end leaves over gets a folder of its own.
        const second = !first || (first.scenario === "run" && first.at < early) ? resumes.shift() : undefined;
        const chain = [first, second].filter((point) => point !== undefined);
        try {
          const reached = await campaign.crash(chain);
          for (const { scenario, operation, phase } of reached)
            count(fired, `${scenario} | ${operation} | ${phase}`);
          if (first && second && reached.length < 2) alone.push(second);
        } catch (error) {
          failures.push((error as Error).message);
          process.stderr.write(`✗ ${failures.at(-1)}\n`);
        }
        if (waiting.length === 0 && resumes.length === 0) resumes.push(...alone.splice(0));
        if ((waiting.length + resumes.length) % 50 === 0)
          process.stdout.write(`${waiting.length + resumes.length} to go\n`);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() + 1 }, work));
    const text = figures(fired, failures, (Date.now() - started) / 1000);
    process.stdout.write(text);
    if (chosen.length >= points.length) writeFileSync(join(root, "test", "crash", "FIGURES.md"), text);
    return failures.length > 0 ? 1 : 0;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/**
 * @param asked  Nothing for all, a count, or names, of which the operation may be another: timers shift the last ones of a process.
 * @throws Error where there is no such point.
 */
function chosenFrom(points: readonly CrashPoint[], asked: readonly string[]): readonly CrashPoint[] {
  const most = Number(asked[0] ?? points.length);
  if (most > 0) return points.filter((_, i) => i % Math.ceil(points.length / most) === 0);
  const place = (name: string): string => name.replace(/ \w+ (?=\d+$)/, " ");
  return asked.map((name) => {
    const point = points.find((one) => place(nameOf(one)) === place(name));
    if (!point) throw new Error(`there is no point "${name}"`);
    return point;
  });
}

const count = (of: Map<string, number>, key: string): unknown => of.set(key, (of.get(key) ?? 0) + 1);

function figures(fired: ReadonlyMap<string, number>, failures: readonly string[], seconds: number): string {
  const total = [...fired.values()].reduce((a, b) => a + b, 0);
  const rows = [...fired].sort().map(([key, n]) => `| ${key} | ${n} |`);
  return [
    "# Crash points",
    "",
    "Written by `npm run crash`. Each point stops the process at one operation on the run's folder: killed before it, after half of",
    "its bytes, or after it, or told that the disk is full. Then the folder is listed; the run goes on, some after a second such stop,",
    "and θ, every reading, the verdict and what is shown as damaged are compared with those of a run that nothing stopped.",
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
