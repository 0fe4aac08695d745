// Calls a command of Slurm's, and says what it refuses in words a user can act on.
import { execFile } from "node:child_process";
import { fileError, type UserError } from "../../protocol/errors";

/** Without a controller Slurm's commands try for a minute. */
const patienceSeconds = 30;

export interface CallOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Of what it prints; `latin1` keeps columns of bytes apart. */
  readonly encoding?: "utf8" | "latin1";
}

/** What a command printed. @throws SlurmError where it failed. */
export function call(
  command: string,
  args: readonly string[],
  { env = process.env, input, encoding = "utf8" }: CallOptions = {},
): Promise<string> {
  return new Promise((done, failed) => {
    const options = { env, timeout: patienceSeconds * 1000, maxBuffer: 2 ** 28, encoding };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (!error) return done(stdout);
      const said = `${stderr}\n${stdout}`.trim();
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      failed(new SlurmError(command, missing ? "missing" : error.killed ? "silent" : "refused", said));
    });
    child.stdin?.on("error", () => undefined).end(input ?? "");
  });
}

/** A command of Slurm's that is not there, does not answer, or says no. */
export class SlurmError extends Error {
  override readonly name = "SlurmError";
  constructor(
    readonly command: string,
    readonly why: "missing" | "silent" | "refused",
    /** What it printed. */
    readonly said: string,
  ) {
    super(why === "missing" ? `${command} was not found` : said || `${command} gave no answer`);
  }
}

const noAnswer = [
  "Slurm's controller does not answer",
  "Try again in a while; `scontrol ping` tells whether it is up.",
] as const;

/** What Slurm prints → what is wrong, and what to do. The first that fits. */
const refusals: readonly (readonly [RegExp, string, string])[] = [
  [
    /invalid partition/i,
    "Slurm knows no such partition",
    "`sinfo` lists the partitions there are: name one in `launch.slurm.partition`, here or in .basin/local.json.",
  ],
  [
    /invalid account|account.*partition combination|invalid.*account or/i,
    "Slurm needs an account that you may use there",
    'Name one in .basin/local.json: { "launch": { "slurm": { "args": ["--account=NAME"] } } }. `sacctmgr show associations user=$USER` lists yours.',
  ],
  [/invalid qos/i, "Slurm knows no such quality of service", "Correct `--qos` in `launch.slurm.args`."],
  [
    /SubmitJob|job submit limit|maximum job count|MaxSubmit/i,
    "no more jobs may be submitted: a quota is reached",
    "Wait until some of your jobs have ended (`squeue --me`), or sweep over fewer points.",
  ],
  [
    // sbatch would try for minutes.
    /temporarily unable to accept/i,
    "its queue is full",
    "Wait until jobs have ended (`squeue` lists them), or sweep over fewer points.",
  ],
  [
    /accounting\/QOS policy|QOS\w*Limit|Assoc\w*Limit|QOSMax|AssocMax/i,
    "the job asks for more than your quota allows",
    "Ask for less time, fewer processors or GPUs in `launch.slurm`.",
  ],
  [
    /time limit is invalid|requested time limit/i,
    "the time asked for is above what the partition allows",
    "Ask for less in `launch.slurm.time`: a run that needs longer goes on in another stretch.",
  ],
  [
    /configuration is not available|more processors|Invalid generic resource|memory specification/i,
    "no node has what the job asks for",
    "Ask for fewer processors, GPUs or less memory in `launch.slurm`; `sinfo -Nl` lists what nodes have.",
  ],
  [
    /invalid feature/i,
    "no node has such a feature",
    "Correct `--constraint` in `launch.slurm.args`; `sinfo -o '%N %f'` lists what nodes have.",
  ],
  [
    /invalid node name/i,
    "Slurm knows no such node",
    "Correct `launch.slurm.args`; `sinfo -N` lists the nodes there are.",
  ],
  [
    /reservation is invalid|invalid reservation/i,
    "Slurm knows no such reservation",
    "Correct `--reservation` in `launch.slurm.args`; `scontrol show reservation` lists those there are.",
  ],
  [
    /unrecognized option|invalid option|requires an argument|option .* is ambiguous/i,
    "sbatch does not know an option",
    "Correct `launch.slurm.args`; `sbatch --help` lists what it takes.",
  ],
  [
    /unable to contact|connect failure|timed out|Zero Bytes|unable to process configuration|Communication connection/i,
    ...noAnswer,
  ],
  [
    /error writing|No space left|disk quota/i,
    "the disk is full",
    "Make room where runs are kept, or name another folder with --runs DIR.",
  ],
];

/** A refusal as a user's mistake. @param about  What was to be submitted: a file or a run. */
export function explained(error: SlurmError, about: string, deed = "submitted"): UserError {
  const { command, why, said } = error;
  if (why === "missing")
    return fileError(
      about,
      `is to be ${deed} by Slurm, and \`${command}\` was not found on this machine`,
      "Do it on a login node of the cluster; `--on local` trains on this machine.",
    );
  const found = refusals.find(([pattern]) => pattern.test(said));
  if (why === "silent" && !found) return fileError(about, `cannot be ${deed}: ${noAnswer[0]}`, noAnswer[1]);
  const last = said
    .split("\n")
    .map((line) => line.replace(/^\w+: (error: )?/, "").trim())
    .filter((line) => line !== "");
  const words = last.length === 0 ? "" : ` (${command}: ${[...new Set(last)].join("; ").slice(0, 500)})`;
  return fileError(
    about,
    `cannot be ${deed}: ${found ? found[1] : "Slurm refuses it"}${words}`,
    found?.[2] ?? "Correct `launch.slurm`.",
  );
}
