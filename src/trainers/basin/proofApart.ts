// The proof of a GPU in a process of its own: what a driver does to that one, a crash or no end, is an error here.
import { execFile, type ExecFileException } from "node:child_process";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { proveGpu, type EngineOptions } from "../../engines";

type ProveGpu = Required<EngineOptions>["prove"];
type Proof = Awaited<ReturnType<ProveGpu>>;

/** A line from the process: what it computes next, and at last the proof or why there is none. */
type Line = { readonly begin: string } | { readonly proof: Proof } | { readonly refused: string };

/** A driver compiles some hundred small programs meanwhile. */
const longest = 60_000;
/** Bytes that a talkative driver may print. */
const maxBuffer = 2 ** 26;

/** The command `prove NAME THREADS` of the run process. */
export async function proveHere([name, threads]: readonly string[]): Promise<void> {
  // At once: what is told last before a crash says where it was.
  const tell = (line: Line): void => void writeSync(process.stdout.fd, `${JSON.stringify(line)}\n`);
  try {
    const proof = await proveGpu(name as Parameters<ProveGpu>[0], Number(threads), (begin) =>
      tell({ begin }),
    );
    tell({ proof });
  } catch (error) {
    tell({ refused: error instanceof Error ? error.message : String(error) });
  }
}

/**
 * Proves a GPU in a new process.
 *
 * @param milliseconds  After which the process is ended.
 * @param script  The run process's; all bundles lie in one folder.
 * @throws Error with what is wrong with the GPU: its numbers, its error, that it crashed, that it did not answer.
 */
export const proofApart =
  (milliseconds = longest, script = join(__dirname, "run.js")): ProveGpu =>
  (name, threads) =>
    new Promise((resolve, reject) => {
      const child = execFile(
        process.execPath,
        [script, "prove", name, String(threads)],
        { timeout: milliseconds, killSignal: "SIGKILL", maxBuffer, windowsHide: true },
        (error, stdout) => {
          process.off("exit", end);
          const lines = linesOf(stdout);
          const last = lines.at(-1);
          if (last && "proof" in last) resolve(last.proof);
          else if (last && "refused" in last) reject(new Error(last.refused));
          else reject(new Error(`${howItEnded(error, milliseconds)}${last ? `, at ${last.begin}` : ""}`));
        },
      );
      // One that hangs would outlive us.
      const end = () => child.kill("SIGKILL");
      process.once("exit", end);
    });

/** What a line of ours begins with. */
const words = ["begin", "proof", "refused"] as const;

/** The whole lines: a process that died may have left half of one. Drivers print what they like among them. */
const linesOf = (stdout: string): Line[] =>
  stdout.split("\n").flatMap((line) => {
    try {
      const read = JSON.parse(line) as unknown;
      const isOurs = read !== null && typeof read === "object" && words.some((word) => word in read);
      return isOurs ? [read as Line] : [];
    } catch {
      return [];
    }
  });

function howItEnded(error: ExecFileException | null, milliseconds: number): string {
  if (error?.killed) return `it did not answer within ${milliseconds / 1000} seconds`;
  return `the process that tried it ended (${error?.signal ?? `exit status ${error?.code ?? 0}`})`;
}
