// The way of all text to the terminal: our own colours pass, whatever else would steer a terminal does not.
import { printable } from "../../util/printable";

/** Line ends, tabs, and the colours of text.ts. */
const ours = /(\n|\t|\u001b\[(?:0|1|2|31|32|33|36)m)/;

/** Text that may hold names and messages out of files, safe to write; its lines and our colours stay. */
export const safe = (text: string): string =>
  text
    .split(ours)
    .map((part, i) => (i % 2 === 1 ? part : printable(part)))
    .join("");

/** Writes to stdout, as it is given: the caller ends its lines. */
export const print = (text: string): void => void process.stdout.write(safe(text));

/** Writes to stderr. */
export const warn = (text: string): void => void process.stderr.write(safe(text));
