// How a fetch is told: a bar on a terminal, plain lines when piped, one JSON object a line with --json.
import { stringify } from "../../protocol/numbers";
import { bar, cut, duration, isTerminal, styleOf } from "../show/text";
import type { FetchReport } from "./fetchSet";

const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
/** Milliseconds between two pictures of the bar, and two JSON progress lines. */
const frame = { bar: 100, json: 500 };

export function reportFor(stream: NodeJS.WriteStream, json: boolean): FetchReport & { end(): void } {
  return json ? jsonReport(stream) : isTerminal(stream) ? barReport(stream) : lineReport(stream);
}

function jsonReport(stream: NodeJS.WriteStream) {
  const print = (event: object) => void stream.write(`${stringify(event)}\n`);
  const due = every(frame.json);
  return {
    progress: (file: string, received: number, bytes: number) => {
      if (due(file) || received === bytes) print({ kind: "progress", file, received, bytes });
    },
    note: (message: string) => print({ kind: "note", message }),
    file: (path: string, status: string, bytes: number) => print({ kind: "file", path, status, bytes }),
    end: () => undefined,
  };
}

function lineReport(stream: NodeJS.WriteStream) {
  const print = (text: string) => void stream.write(`${text}\n`);
  let told = "";
  return {
    progress: (file: string, received: number, bytes: number) => {
      const tenth = Math.floor((10 * received) / bytes);
      const key = `${file} ${tenth}`;
      if (key === told) return;
      told = key;
      print(`${file}  ${10 * tenth} %  ${megabytes(received)} of ${megabytes(bytes)}`);
    },
    note: print,
    file: (path: string, status: string, bytes: number) => print(`${path}  ${status}  ${megabytes(bytes)}`),
    end: () => undefined,
  };
}

function barReport(stream: NodeJS.WriteStream) {
  const style = styleOf(stream);
  const clear = () => stream.write("\r\u001b[K");
  const due = every(frame.bar);
  let start = { file: "", received: 0, time: 0 };
  const print = (text: string) => {
    clear();
    stream.write(`${text}\n`);
  };
  return {
    progress: (file: string, received: number, bytes: number) => {
      const now = Date.now();
      // A new file, or one that begins anew: speed is counted from here.
      if (file !== start.file || received < start.received) start = { file, received, time: now };
      if (!due(file) && received < bytes) return;
      const speed = (received - start.received) / Math.max(0.001, (now - start.time) / 1000);
      const rate = speed > 0 ? `  ${megabytes(speed)}/s  ${duration((bytes - received) / speed)} left` : "";
      const sizes = `${megabytes(received)} of ${megabytes(bytes)}`;
      const line = `${style.blue(bar(received / bytes, 12))} ${file}  ${sizes}${style.dim(rate)}`;
      clear();
      stream.write(cut(line, (stream.columns || 80) - 1));
    },
    note: (message: string) => print(style.yellow(message)),
    file: (path: string, status: string, bytes: number) =>
      print(`${style.green("✓")} ${path}  ${style.dim(`${status}, ${megabytes(bytes)}`)}`),
    end: () => void clear(),
  };
}

/** True at most once in so many milliseconds, and always for a new key. */
function every(milliseconds: number): (key: string) => boolean {
  let last = { key: "", time: 0 };
  return (key) => {
    const now = Date.now();
    if (key === last.key && now - last.time < milliseconds) return false;
    last = { key, time: now };
    return true;
  };
}
