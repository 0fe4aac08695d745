// Parses CSV text into rows that know their line, so that an error can point at one.
import { fileError } from "../protocol/errors";

interface CsvRow {
  /** Line of the file the row starts at, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvTable {
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
}

export interface CsvForm {
  /** One character between fields. */
  readonly separator: string;
  /** Whether the first line names the columns; else they are called by their place, "0", "1", …. */
  readonly header: boolean;
}

/**
 * Parses comma-separated values: fields in double quotes may hold commas, line ends and doubled quotes. Blank lines are
 * skipped; every row must have as many fields as the header.
 *
 * Own parser: the known packages tell a row's number but not its line, which differ after a quoted line end.
 *
 * @source  RFC 4180.
 * @throws  UserError naming file, line, what was expected and what was found.
 */
export function parseCsv(bytes: Uint8Array, file: string, { separator, header: named }: CsvForm): CsvTable {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); // also drops a byte order mark
  } catch {
    throw fileError(file, "Expected a CSV file in UTF-8; found bytes that are none.", "Save it as UTF-8.");
  }
  const all = splitRows(text, file, separator);
  if (all.length === 0) throw fileError(file, "Expected a header line with column names; the file is empty.");
  const header = named ? all[0] : { line: 1, fields: all[0].fields.map((_, i) => String(i)) };
  const rows = named ? all.slice(1) : all;
  const other =
    header.fields.length === 1 && [";", "\t", "|", ","].find((mark) => all[0].fields[0].includes(mark));
  if (other)
    throw fileError(
      file,
      `Expected fields separated by ${JSON.stringify(separator)}; line ${all[0].line} has none, but ${JSON.stringify(other)}.`,
      `Set data.separator to ${JSON.stringify(other)}.`,
    );
  const names = header.fields.map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw fileError(
      file,
      `Expected column names that differ; found "${twice}" twice in line ${header.line}.`,
    );
  for (const { line, fields } of rows) {
    if (fields.length !== names.length) {
      throw fileError(
        file,
        `Line ${line}: expected ${names.length} fields as in the header; found ${fields.length}.`,
      );
    }
  }
  return { header: names, rows };
}

function splitRows(text: string, file: string, separator: string): CsvRow[] {
  const ends = `${separator}\r\n`;
  const rows: CsvRow[] = [];
  let fields: string[] = [];
  let line = 1;
  let rowLine = 1;
  let at = 0;
  const endRow = () => {
    if (fields.length > 1 || fields[0].trim() !== "") rows.push({ line: rowLine, fields });
    fields = [];
  };
  // One turn of the loop reads one field and what ends it.
  while (at < text.length || fields.length > 0) {
    if (fields.length === 0) rowLine = line;
    let field = "";
    if (text[at] === '"') {
      const opened = line;
      for (at++; ; at++) {
        if (at >= text.length)
          throw fileError(file, `Line ${opened}: expected a closing double quote; the file ends.`);
        if (text[at] === '"' && text[++at] !== '"') break;
        if (text[at] === "\n") line++;
        field += text[at];
      }
      if (at < text.length && !ends.includes(text[at])) {
        throw fileError(
          file,
          `Line ${line}: expected a separator or the line's end behind a quoted field; found "${text[at]}".`,
        );
      }
    } else {
      const from = at;
      while (at < text.length && !ends.includes(text[at])) at++;
      field = text.slice(from, at);
    }
    fields.push(field);
    if (text[at] === separator) {
      at++;
      // A separator at the very end of the file opens a last, empty field.
      if (at >= text.length) {
        fields.push("");
        endRow();
      }
      continue;
    }
    if (text[at] === "\r" && text[at + 1] === "\n") at++;
    at++;
    line++;
    endRow();
  }
  return rows;
}
