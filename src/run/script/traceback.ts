// What a Python script said when it raised: the last line of its traceback, and the line of its own that led there. Pure.
import type { ScriptError } from "../../protocol/events";

const frame = /^\s*File "([^"]+)", line (\d+)/;
/** Code that nobody who reads an error here has written. */
const installed = /[\\/](site-packages|dist-packages)[\\/]|^<frozen |[\\/]lib[\\/]python[\d.]+[\\/]/;

/**
 * The error that a text ends with; null where it holds no traceback.
 *
 * @param script  Path of the user's script: its innermost frame is named, else the innermost that is not of a package.
 */
export function errorIn(text: string, script: string): ScriptError | null {
  const lines = text.split(/\r?\n/);
  // A chain of exceptions ends with the one that ended the script.
  const start = lines.findLastIndex((line) => line.startsWith("Traceback (most recent call last)"));
  const simple = lines.findLastIndex((line) => frame.test(line));
  if (start < 0 && simple < 0) return null;
  const rest = lines.slice(start < 0 ? simple : start);
  const frames = rest.flatMap((line) => {
    const found = frame.exec(line);
    return found ? [{ file: found[1], line: Number(found[2]) }] : [];
  });
  const message = rest.find((line, i) => i > 0 && /^[A-Za-z_][\w.]*(:|$)/.test(line)) ?? "";
  const place =
    frames.findLast(({ file }) => file === script) ??
    frames.findLast(({ file }) => !installed.test(file)) ??
    frames.at(-1);
  return { message: message.slice(0, 2000), ...place };
}
