// What `basin help` and `basin NAME --help` print, made from the registry.
import { withHelp } from "./arguments";
import type { Command } from "./command";

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

export function overview(commands: readonly Command[]): string {
  return [
    "Basin inspects the training dynamics of neural networks and says whether a learning rate is stable.",
    "",
    "Usage: basin COMMAND …",
    "",
    columns(commands.map(({ name, usage, summary }) => [`${name} ${usage}`, summary] as const)),
    "",
    "  basin COMMAND --help tells more; basin --version prints the version.",
    "",
    "RUN is a run's id, the beginning of one, `latest`, or the path of a run folder.",
    "Exit status: 0 done, 2 bad input, 3 flagged (with --check), 130 interrupted, 1 anything else.",
  ].join("\n");
}

export function helpFor({ name, usage, summary, details, options }: Command): string {
  const rows = withHelp(options).map(({ name: option, value, text }) => {
    return [value ? `--${option} ${value}` : `--${option}`, text] as const;
  });
  const more = details ? ["", details] : [];
  const first = `${summary[0].toUpperCase()}${summary.slice(1)}.`;
  return [`Usage: basin ${name} ${usage}`.trimEnd(), "", first, ...more, "", columns(rows)].join("\n");
}
