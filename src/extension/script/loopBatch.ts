// What a training loop does with a batch: which model sees what of it, and what the loss compares; followed from the loop's head to the loss
// by putting each name's expression in its place. Pure.
import { brackets, lastPart, namesIn, separated, type Call, type Statement } from "./pythonText";
import type { ScriptBlocks } from "./scriptBlocks";
import { refuse } from "./watchInsertion";

interface Where {
  /** Headers of the loops around the step, the innermost first. */
  readonly loops: readonly number[];
  /** The statement that steps. */
  readonly until: number;
  /** Name of the loss. */
  readonly loss: string;
  /** Whose `.parameters()` the optimizer has; none where that is not seen. */
  readonly parameters: readonly string[];
  /** Whether a name is given its value inside the outermost loop. */
  readonly isLocal: (name: string) => boolean;
}

const modelName = /^(model|net|network|module|classifier|encoder|mlp|cnn)\w*$/i;
/** What shows progress while it goes through a loader. */
const wrappers = /^(enumerate|tqdm|trange|track|progress_bar)$/;

interface Output {
  readonly call: Call;
  /** What the model saw, in terms of `batch`. */
  readonly seen: string;
}

export class LoopBatch {
  readonly model: string;
  /** As `basin.watch` takes it. */
  readonly lossFunction: string;
  readonly data: string;
  /** Where a batch is not (inputs, targets). */
  readonly forward: string | undefined;
  /** Arguments for what no loader tells. */
  readonly more: readonly string[];

  /** What stands for each name, in terms of `batch`. */
  private readonly bound = new Map<string, string>();
  /** Outputs of the model by name. */
  private readonly made = new Map<string, Output>();

  constructor(
    private readonly blocks: ScriptBlocks,
    private readonly where: Where,
  ) {
    const loader = this.bindLoop();
    const written = this.followed();
    const { code, text } = this.right(written);
    if (/\breduction\s*=\s*(["'])(?!mean)/.test(text) || /\.sum\(\s*\)\s*$/.test(code))
      refuse("the loss is a sum over the examples, and Basin needs their mean");
    const { call, seen } = this.modelCall(written, code);
    this.model = call.callee;
    const { made, target } = this.functionOf(written, call, loader !== undefined);
    this.lossFunction = made;
    if (loader === undefined) {
      const [input] = call.args;
      if (
        call.args.length !== 1 ||
        [input.text, target].some((one) => !/^[\w.]+$/.test(one) || where.isLocal(one))
      )
        refuse(
          "batches are drawn inside the loop itself: basin.watch needs data=, batch_size=, sampling= and drop_last=",
        );
      this.data = `basin.hold((${input.text}, ${target}))`;
      this.more = [`batch_size=len(${input.text})`, 'sampling="epochs"', "drop_last=False"];
      this.forward = undefined;
      return;
    }
    this.data = `basin.hold(${loader}, examples=2048)`;
    this.more = [];
    const isPlain = withoutMoves(seen) === "batch[0]" && withoutMoves(target) === "batch[1]" && this.pairs;
    this.forward = isPlain ? undefined : `lambda model, batch: (model(${seen}), ${withoutMoves(target)})`;
  }

  /** Whether a batch is two things. */
  private pairs = false;

  private root = (name: string): string => name.split(".")[0];

  /** Binds what the loop over the data names; returns what it goes through, or undefined where no loop goes through data. */
  private bindLoop(): string | undefined {
    for (const at of this.where.loops) {
      const statement = this.blocks.statements[at];
      const match = /^for\s+([^]+?)\s+in\s+([^]+):$/.exec(statement.code);
      if (!match) continue;
      const from = statement.start + statement.code.indexOf(match[2], match[1].length + 4);
      let source = this.blocks.python.text.slice(from, from + match[2].length).trim();
      let targets = match[1].trim();
      for (let unwrapped = this.unwrapped(source); unwrapped; unwrapped = this.unwrapped(source)) {
        if (unwrapped.counts) targets = targets.replace(/^\(?\s*\w+\s*,\s*/, "");
        source = unwrapped.source;
      }
      if (/^range\s*\(/.test(source) || /^(itertools\.)?count\(/.test(source)) continue;
      if (!/^[A-Za-z_][\w.]*(\[(["'])\w+\2\])?$/.test(source))
        refuse(
          `the loop goes through ${source}, which basin.watch cannot hold examples of: give the loader a name`,
        );
      if (this.where.isLocal(source))
        refuse(`${source} is made anew inside the loop, and one run watches one set of data`);
      this.bind(targets, "batch");
      return source;
    }
    return undefined;
  }

  /** What `enumerate(…)` or a progress bar goes through, written there or in the statement that names the bar. */
  private unwrapped(source: string): { readonly source: string; readonly counts: boolean } | undefined {
    const named = /^\w+$/.test(source)
      ? this.blocks.callsGiving(source).find(({ callee }) => wrappers.test(lastPart(callee)))
      : undefined;
    if (named) return { source: named.args[0]?.text ?? "", counts: lastPart(named.callee) === "enumerate" };
    const match = /^([\w.]+)\s*\(/.exec(source);
    if (
      !match ||
      !wrappers.test(lastPart(match[1])) ||
      brackets(source).get(match[0].length - 1) !== source.length
    )
      return undefined;
    const [first] = separated(source, { start: match[0].length, end: source.length - 1 });
    return {
      source: source.slice(first.start, first.end).trim(),
      counts: lastPart(match[1]) === "enumerate",
    };
  }

  /** Gives the names on the left what stands on the right. */
  private bind(targets: string, expression: string): void {
    const bare = targets.replace(/^[([]\s*([^]*?),?\s*[)\]]$/, "$1").replace(/,\s*$/, "");
    const names = separated(bare, { start: 0, end: bare.length }).map(({ start, end }) =>
      bare.slice(start, end).trim(),
    );
    if (names.length === 1) this.bound.set(names[0], expression);
    else {
      if (expression === "batch") this.pairs = names.length === 2;
      names.forEach((name, i) => {
        if (/^\w+$/.test(name)) this.bound.set(name, `${expression}[${i}]`);
      });
    }
  }

  /** Follows the statements from the loop's head to where the loss is made, which is returned. */
  private followed(): Statement {
    const { statements } = this.blocks;
    const [inner] = this.where.loops;
    const begin =
      this.where.loops.find((at) =>
        [...this.bound.keys()].some((name) => statements[at].code.includes(name)),
      ) ?? inner;
    let loss: Statement | undefined;
    for (let at = begin + 1; at < this.where.until; at++) {
      const statement = statements[at];
      const targets = statement.targets;
      if (targets.length === 0) continue;
      const sometimes = this.blocks
        .headersAround(at, begin)
        .some((code) => /^(if|elif|else|except)\b/.test(code));
      if (targets.includes(this.where.loss)) {
        if (loss ?? (sometimes || targets.length > 1 || !/^[\w.]+\s*=(?!=)/.test(statement.code)))
          refuse(
            `${this.where.loss} is more than one expression of the model's output and the targets, and basin.watch needs it as a function of both`,
          );
        loss = statement;
      } else this.assign(statement, sometimes);
    }
    return loss ?? refuse(`where ${this.where.loss} is made cannot be seen in the loop`);
  }

  private assign(statement: Statement, sometimes: boolean): void {
    const { code, text } = this.right(statement);
    const targets = statement.targets;
    const model = sometimes ? undefined : this.wholeModelCall(statement, code);
    if (model && targets.length === 1) {
      this.made.set(targets[0], this.output(model));
      return;
    }
    const isPlainAssignment = /^[\w\s.,()]+=(?!=)/.test(statement.code);
    const parts = separated(code, { start: 0, end: code.length });
    const known = (one: string) =>
      namesIn(one).some((name) => this.bound.has(this.root(name))) &&
      namesIn(one).every((name) => this.bound.has(this.root(name)) || !this.where.isLocal(name));
    const own = new Map<string, string>();
    if (!sometimes && isPlainAssignment) {
      if (targets.length === 1 && known(code)) own.set(targets[0], this.inTermsOfBatch(text));
      else if (
        targets.length > 1 &&
        parts.length === targets.length &&
        parts.every(({ start, end }) => known(code.slice(start, end)))
      )
        targets.forEach((name, i) =>
          own.set(name, this.inTermsOfBatch(text.slice(parts[i].start, parts[i].end).trim())),
        );
      else if (targets.length > 1 && parts.length === 1 && this.bound.has(text)) {
        this.bind(targets.join(","), this.bound.get(text)!);
        return;
      }
    }
    for (const name of targets) {
      this.made.delete(name);
      const expression = own.get(name);
      if (expression === undefined) this.bound.delete(name);
      else this.bound.set(name, expression);
    }
  }

  /** What stands right of `=`. */
  private right({ start, end, code }: Statement): {
    readonly code: string;
    readonly text: string;
    readonly start: number;
  } {
    const lead = /^[^=]*?=(?!=)\s*/.exec(code)?.[0].length ?? 0;
    return {
      code: code.slice(lead),
      text: this.blocks.python.text.slice(start + lead, end),
      start: start + lead,
    };
  }

  private isModel(callee: string): boolean {
    const { parameters } = this.where;
    const own = parameters.map((name) =>
      this.root(name) === "self" ? name.split(".").slice(0, 2).join(".") : this.root(name),
    );
    if (own.length === 0) return modelName.test(lastPart(callee));
    // The same, or wrapped: compiled, parallel.
    return (
      own.includes(callee) ||
      this.blocks.statements.some(
        (statement) =>
          statement.targets.includes(callee) &&
          namesIn(this.right(statement).code).some((name) => own.includes(name)),
      )
    );
  }

  private wholeModelCall(statement: Statement, code: string): Call | undefined {
    const { start } = this.right(statement);
    return this.blocks.python.calls.find(
      (call) => call.start === start && call.end === start + code.length && this.isModel(call.callee),
    );
  }

  private isInside = (call: Call, { start, end }: Statement): boolean =>
    start <= call.start && call.end <= end;

  private output = (call: Call): Output => ({
    call,
    seen: call.args
      .map(({ text, name }) => `${name === undefined ? "" : `${name}=`}${this.inTermsOfBatch(text)}`)
      .join(", "),
  });

  private modelCall(statement: Statement, code: string): Output {
    const inside = this.blocks.python.calls
      .filter((call) => this.isInside(call, statement) && this.isModel(call.callee))
      .map((call) => this.output(call));
    const before = new Set(namesIn(code).flatMap((name) => this.made.get(this.root(name)) ?? []));
    const found = [...inside, ...before];
    if (found.length !== 1)
      refuse(
        found.length === 0
          ? `which model ${this.where.loss} comes from cannot be seen`
          : `${this.where.loss} takes more than one output of the model`,
      );
    return found[0];
  }

  /** Without a loader: a name that is no function and no module. */
  private isData(name: string, text: string): boolean {
    return new RegExp(`(?<![\\w.])${name.replace(/\./g, "\\.")}(?![\\w.(=])`).test(text);
  }

  /** An expression with every name replaced by what it stands for. */
  private inTermsOfBatch(text: string): string {
    return replaced(text, (name) => this.bound.get(name));
  }

  /** The loss as a function of the model's output and the targets, and what these are. */
  private functionOf(
    statement: Statement,
    call: Call,
    fromLoader: boolean,
  ): { readonly made: string; readonly target: string } {
    const { text, start } = this.right(statement);
    const { loss } = this.where;
    const own = this.isInside(call, statement)
      ? `${text.slice(0, call.start - start)}outputs${text.slice(call.end - start)}`
      : replaced(text, (name) => (this.made.get(name)?.call === call ? "outputs" : undefined));
    const roots = new Set(
      namesOutsideStrings(own)
        .filter((name) =>
          fromLoader ? this.bound.has(this.root(name)) : name !== "outputs" && this.isData(name, own),
        )
        .map((name) => (fromLoader ? this.root(name) : name)),
    );
    const [root] = roots;
    if (roots.size !== 1)
      refuse(
        `what ${loss} is made of cannot be seen: expected a function of the model's output and the targets`,
      );
    const { made, target } =
      fromLoader && this.bound.get(root) === "batch"
        ? this.partOfBatch(own, root)
        : {
            made: replaced(own, (name) => (name === root ? "targets" : undefined)),
            target: fromLoader ? this.inTermsOfBatch(root) : root,
          };
    const names = namesOutsideStrings(made).filter(
      (name) => !["outputs", "targets"].includes(this.root(name)),
    );
    if (names.some((name) => name === call.callee || name.startsWith(`${call.callee}.`)))
      refuse(`${loss} depends on ${call.callee} besides its output`);
    const local = names.find((name) => this.where.isLocal(name));
    if (local !== undefined) refuse(`${loss} depends on ${local}, which is made anew inside the loop`);
    const plain = /^([\w.]+(?:\([^()]*\))?)\(\s*outputs\s*,\s*targets\s*,?\s*\)$/.exec(made);
    return { made: plain?.[1] ?? `lambda outputs, targets: ${made.replace(/\s*\n\s*/g, " ")}`, target };
  }

  /** Where the loop names the whole batch: the one part of it that the loss takes, such as `batch["y"]`. */
  private partOfBatch(own: string, root: string): { readonly made: string; readonly target: string } {
    const part = new RegExp(`(?<![\\w.])${root}(?:\\[[^\\][]+\\]|\\.\\w+(?:\\([^()]*\\))?)+`, "g");
    const parts = new Set([...own.matchAll(part)].map(([one]) => one));
    const [target] = parts;
    const made = own.replace(part, "targets");
    if (parts.size !== 1 || namesOutsideStrings(made).some((name) => this.root(name) === root))
      refuse(`${this.where.loss} takes more than one part of the batch`);
    return { made, target: this.inTermsOfBatch(target) };
  }
}

const namesOutsideStrings = (code: string): string[] =>
  namesIn(code.replace(/(["'])(?:\\[^]|(?!\1)[^\\])*\1/g, ""));

/** Replaces names that stand by themselves: no attribute, no keyword of a call, nothing in a string. */
function replaced(text: string, by: (name: string) => string | undefined): string {
  return text.replace(
    /(["'])(?:\\[^]|(?!\1)[^\\])*\1|(?<![\w.])([A-Za-z_]\w*)(?!\w)(?!\s*=(?!=))/g,
    (found: string, _quote: string | undefined, name: string | undefined) => {
      const other = name === undefined ? undefined : by(name);
      if (other === undefined) return found;
      return /^[\w.]+(\[\w+\]|\.\w+\([^()]*\)|\[["']\w+["']\])*$/.test(other) ? other : `(${other})`;
    },
  );
}

/** Without what only moves it to another device. */
const withoutMoves = (expression: string): string =>
  expression.replace(
    /\.(cuda\([^()]*\)|to\(\s*(?:[\w.]*(?:device|rank|gpu|dev)\w*|["'](?:cuda|cpu|mps)[\w:]*["'])\s*(?:,\s*non_blocking\s*=\s*\w+\s*)?\))/g,
    "",
  );
