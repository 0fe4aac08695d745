// What benchmarks share: a PyTorch worker that answers in turn, alternating timings, medians, the machine's name.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { createInterface } from "node:readline";

export class Peer {
  private readonly waiting: ((line: string) => void)[] = [];
  private constructor(private readonly process: ChildProcessWithoutNullStreams) {
    createInterface({ input: process.stdout }).on("line", (line) => this.waiting.shift()?.(line));
  }

  /** Starts the worker; null when this machine has no Python with torch. */
  static open(request: Record<string, unknown>): Promise<{ peer: Peer; torch: string } | null> {
    const child = spawn("/usr/bin/python3", ["peer.py"], { stdio: "pipe" });
    const peer = new Peer(child);
    return new Promise((resolve) => {
      child.on("error", () => resolve(null));
      child.on("exit", () => resolve(null));
      void peer
        .ask<{ torch: string }>({ do: "open", ...request })
        .then(({ torch }) => resolve({ peer, torch }));
    });
  }

  ask<T>(request: Record<string, unknown>): Promise<T> {
    return new Promise((resolve) => {
      this.waiting.push((line) => resolve(JSON.parse(line) as T));
      this.process.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  close(): void {
    this.process.stdin.end();
  }
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * Runs the two sides in turn, `warmup` rounds uncounted; seconds per call of each and the median of the paired ratios. Each timed call comes
 * after one of its own side, as in an eigenvalue search: threads of the other side, which wait for more by spinning, are at rest by then.
 */
export async function alternate(
  ours: () => Promise<number>,
  theirs: (() => Promise<number>) | null,
  rounds = 21,
  warmup = 3,
): Promise<{ ours: number; theirs: number; ratio: number }> {
  const a: number[] = [];
  const b: number[] = [];
  for (let i = 0; i < rounds + warmup; i++) {
    await ours();
    const x = await ours();
    await theirs?.();
    const y = theirs ? await theirs() : NaN;
    if (i < warmup) continue;
    a.push(x);
    b.push(y);
  }
  return { ours: median(a), theirs: median(b), ratio: median(a.map((x, i) => x / b[i])) };
}

/** Seconds a call takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export const machine = (): string =>
  `${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;

/** PyTorch's worker, or null, saying so, where there is none. */
export async function openPeer(request: Record<string, unknown>): Promise<Peer | null> {
  const opened = await Peer.open(request);
  if (!opened) console.log("(no Python with torch: Basin alone)");
  return opened?.peer ?? null;
}

export const ms = (time: number): string => (Number.isNaN(time) ? "–" : `${(1000 * time).toFixed(1)} ms`);
export const seconds = (time: number | undefined): string =>
  time === undefined || Number.isNaN(time) ? "–" : time < 1 ? ms(time) : `${time.toFixed(2)} s`;

/** One row of a result table. */
export function printRow(
  work: string,
  { ours, theirs, ratio }: { readonly ours: string; readonly theirs: string; readonly ratio: number },
  relation: string,
  aim: number,
): void {
  const shown = Number.isNaN(ratio) ? "–" : ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2);
  console.log(
    `| ${work} | ${ours} | ${theirs} | ${shown} | ${relation}${Number.isNaN(aim) ? "" : ` ${aim}`} |`,
  );
}
