// The blocks of a Python script by their indentation: what stands around a statement, and which names a block gives a value. Pure.
import { namesIn, type Call, type PythonText, type Statement } from "./pythonText";

interface FunctionBlock {
  readonly name: string;
  readonly parameters: readonly string[];
}

export class ScriptBlocks {
  constructor(readonly python: PythonText) {}

  get statements(): readonly Statement[] {
    return this.python.statements;
  }

  /** The statement that an offset lies in, or the first behind it. */
  indexAt(offset: number): number {
    const found = this.statements.findIndex(({ end }) => offset < end);
    return found < 0 ? this.statements.length - 1 : found;
  }

  /** Indices of the headers around a statement, the innermost first. */
  around(index: number): number[] {
    const found: number[] = [];
    let { indent } = this.statements[index];
    for (let at = index - 1; at >= 0 && indent > 0; at--) {
      const own = this.statements[at].indent;
      if (own >= indent) continue;
      found.push(at);
      indent = own;
    }
    return found;
  }

  /** Those of loops within the same function, the innermost first. */
  loopsAround(index: number): number[] {
    const headers = this.around(index);
    const border = headers.findIndex((at) => /^(async\s+)?(def|class)\b/.test(this.statements[at].code));
    return (border < 0 ? headers : headers.slice(0, border)).filter((at) =>
      /^(for|while)\b/.test(this.statements[at].code),
    );
  }

  /** The code of the headers between a statement and one around it. */
  headersAround(index: number, outer: number): string[] {
    return this.around(index)
      .filter((at) => at > outer)
      .map((at) => this.statements[at].code);
  }

  /** The index behind the last statement of a block, a loop's `else` with it. */
  end(header: number): number {
    const { indent } = this.statements[header];
    let at = header + 1;
    while (
      at < this.statements.length &&
      (this.statements[at].indent > indent ||
        (this.statements[at].indent === indent && /^else\s*:/.test(this.statements[at].code)))
    )
      at++;
    return at;
  }

  functionAround(index: number): FunctionBlock | undefined {
    const header = this.around(index).find((at) => /^(async\s+)?def\b/.test(this.statements[at].code));
    if (header === undefined) return undefined;
    const { start, end } = this.statements[header];
    const call = this.python.calls.find((one) => one.isDefinition && start <= one.start && one.start < end);
    return (
      call && {
        name: call.callee,
        parameters: call.args.map(({ name, text }) => name ?? namesIn(text)[0] ?? ""),
      }
    );
  }

  /** Whether what a statement names can be used at another: it stands in the same function, or in none. */
  isVisible(index: number, from: number): boolean {
    const scopeOf = (one: number) =>
      this.around(one).find((at) => /^(async\s+)?(def|class)\b/.test(this.statements[at].code));
    const scope = scopeOf(index);
    return scope === undefined || scope === scopeOf(from);
  }

  /** Names that the statements from `header`, its own targets with them, to `end` give a value. */
  assignedWithin(header: number, end: number): string[] {
    return this.statements
      .slice(header, end)
      .flatMap((statement) => [
        ...statement.targets,
        ...namesIn(/^for\s+([^]+?)\s+in\b/.exec(statement.code)?.[1] ?? ""),
        ...namesIn(/^with\b[^]*\bas\s+(\w+)/.exec(statement.code)?.[1] ?? ""),
      ]);
  }

  /** The calls whose value a name is given. */
  callsGiving(name: string): Call[] {
    return this.statements.flatMap((statement) =>
      statement.targets.includes(name)
        ? this.python.calls.filter(({ start, end }) => statement.start <= start && end <= statement.end)
        : [],
    );
  }
}
