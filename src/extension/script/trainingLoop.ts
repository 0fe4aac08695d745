// Puts the lines of Basin into a training loop: what `basin.watch` needs is taken from the script, by its own names, and where one cannot be
// seen for certain nothing is inserted and the reason is said. Pure.
import { LoopBatch } from "./loopBatch";
import {
  basinCallees,
  lastPart,
  namesIn,
  readPython,
  watchCalls,
  type PythonText,
  type Span,
} from "./pythonText";
import { ScriptBlocks } from "./scriptBlocks";
import { refuse, Refused, type Insertion, type Inserted } from "./watchInsertion";

const optimizers = /^(SGD|ASGD|Adam\w*|NAdam|RAdam|RMSprop|Adagrad|Adadelta|Lion|Adafactor)$/;
const byName = /^(opt|optim|optimi[sz]er)([_\dA-Z]\w*)?$|_(opt|optim|optimi[sz]er)$/;
const testLoader = /^(test|val|valid|validation|eval)_?(loader|dl|dataloader|data_loader)$/i;

/**
 * @param at  Offset of the cursor: of several loops the one it is in is meant.
 * @returns   Lines to insert, or why none are.
 */
export function watchedLoop(text: string, at?: number): Inserted {
  try {
    const loop = new Loop(readPython(text), at);
    return { insertions: loop.insertions(), loop: loop.span };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    throw error;
  }
}

/** Whether a text may have a training loop: asked at every move of the cursor in any script. */
export const mayTrain = (text: string): boolean => /\.backward\(/.test(text) && /\.step\(/.test(text);

const mostSteps = 20;

interface Step {
  /** Index of its statement. */
  readonly at: number;
  readonly optimizer: string;
}

class Loop {
  private readonly blocks: ScriptBlocks;
  private readonly step: Step;
  /** Index of the statement that begins the outermost loop around the step. */
  private readonly outer: number;
  private readonly end: number;
  private readonly batch: LoopBatch;
  private readonly loss: string;

  constructor(
    private readonly python: PythonText,
    at: number | undefined,
  ) {
    if (watchCalls(python).length > 0) refuse("this script calls basin.watch already");
    if (/^\s*basin\s*=/m.test(python.code)) refuse("the name basin is something else in this script");
    this.blocks = new ScriptBlocks(python);
    this.step = this.findStep(at);
    const loops = this.blocks.loopsAround(this.step.at);
    this.outer = loops[loops.length - 1];
    this.end = this.blocks.end(this.outer);
    this.refuseConditional(loops[0]);
    this.refusePerEpoch();
    this.loss = this.findLoss(loops[0]);
    this.batch = new LoopBatch(this.blocks, {
      loops,
      until: this.step.at,
      loss: this.loss,
      parameters: this.parametersOf(this.step.optimizer),
      isLocal: (name) => this.isLocal(name),
    });
    for (const name of [this.step.optimizer, this.batch.model])
      if (this.isLocal(name))
        refuse(`${name} is made anew inside the loop, and one run watches one training`);
  }

  /** Whether a name, or what it is a part of, is given its value inside the loop. */
  private isLocal(name: string): boolean {
    const [root] = name.split(".");
    return this.blocks.assignedWithin(this.outer, this.end).some((one) => one === root || one === name);
  }

  private findStep(at: number | undefined): Step {
    const all = this.python.statements.flatMap(({ code }, index) =>
      code.split(";").flatMap((part): Step[] => {
        const match = /^([\w.]+)\.step\(\s*([\w.]*)[^]*\)$/.exec(part.trim());
        if (!match) return [];
        const [, owner, argument] = match;
        if (this.isOptimizer(owner)) {
          if (argument !== "")
            refuse(`${owner}.step is given a closure, which calls the loss as often as it likes`);
          return [{ at: index, optimizer: owner }];
        }
        return this.isOptimizer(argument) ? [{ at: index, optimizer: argument }] : [];
      }),
    );
    if (all.length > mostSteps) refuse("too many optimizers step in it to tell which is meant");
    if (all.length === 0)
      refuse(
        /\bTrainer\(/.test(this.python.code)
          ? "a Trainer runs the loop: add basin.lightning(…) or basin.transformers(…) to its callbacks"
          : "no optimizer.step() is called in it",
      );
    const inLoops = all.filter((step) => this.blocks.loopsAround(step.at).length > 0);
    if (inLoops.length === 0) {
      const name = this.blocks.functionAround(all[0].at)?.name;
      refuse(
        name === undefined
          ? "optimizer.step() stands in no loop"
          : `the loop that calls ${name}() is elsewhere: watch before that loop, and call probe.step(loss) in it`,
      );
    }
    const outermost = ({ at: index }: Step) => this.blocks.loopsAround(index).at(-1)!;
    const loops = [...new Set(inLoops.map(outermost))];
    const { statements } = this.python;
    const meant =
      loops.length === 1
        ? loops[0]
        : loops.find(
            (loop) =>
              at !== undefined &&
              statements[loop].line <= at &&
              at <= statements[this.blocks.end(loop) - 1].end,
          );
    if (meant === undefined)
      refuse(`there are ${loops.length} training loops: put the cursor into one of them`);
    const own = inLoops.filter((step) => outermost(step) === meant);
    const named = [...new Set(own.map(({ optimizer }) => optimizer))];
    if (named.length > 1) refuse(`the loop steps ${named.join(" and ")}, and one run watches one optimizer`);
    if (own.length > 1) refuse(`${named[0]}.step() stands at ${own.length} places of the loop`);
    return own[0];
  }

  private isOptimizer(name: string): boolean {
    if (name === "" || /sched/i.test(name)) return false;
    return (
      byName.test(lastPart(name)) ||
      this.blocks.callsGiving(name).some(({ callee }) => isOptimizerCall(callee))
    );
  }

  /** Where the optimizer is made, the names whose `.parameters()` it is given; empty where that is not seen. */
  private parametersOf(optimizer: string): string[] {
    const made = this.blocks.callsGiving(optimizer).filter(({ callee }) => isOptimizerCall(callee));
    return made.flatMap(({ start, end }) =>
      [...this.python.code.slice(start, end).matchAll(/([A-Za-z_][\w.]*)\.(?:named_)?parameters\(/g)].map(
        ([, name]) => name,
      ),
    );
  }

  private refuseConditional(inner: number): void {
    const header = this.blocks
      .headersAround(this.step.at, inner)
      .find((code) => /^(if|elif|else|except|match|case)\b/.test(code));
    const own = this.python.statements[this.step.at].code;
    if (header !== undefined || /^(if|for|while|with)\b/.test(own))
      refuse(
        "the optimizer does not step with every batch (gradient accumulation?): basin.watch then takes accumulation=, and probe.step(loss) follows each backward pass",
      );
  }

  /** A function with the loop of one epoch would begin a run at every call. */
  private refusePerEpoch(): void {
    const own = this.blocks.functionAround(this.outer);
    if (!own) return;
    const again = this.python.calls.some(
      ({ callee, start, isDefinition }) =>
        !isDefinition &&
        lastPart(callee) === own.name &&
        this.blocks.loopsAround(this.blocks.indexAt(start)).length > 0,
    );
    if (again)
      refuse(
        `${own.name}() is called in a loop, once an epoch: call basin.watch before that loop, and give the probe to ${own.name}()`,
      );
  }

  private findLoss(inner: number): string {
    for (let index = this.step.at; index > inner; index--)
      for (const part of this.python.statements[index].code.split(";").reverse()) {
        const match = /^(?:[\w.]+\.scale\(\s*([\w.]+)\s*\)|([\w.]+))\.backward\(\s*([\w.]*)[^]*\)$/.exec(
          part.trim(),
        );
        if (!match) {
          if (/\.backward\(/.test(part))
            refuse("the gradient is not that of the loss alone: it is changed where backward() is called");
          continue;
        }
        if (this.blocks.loopsAround(index)[0] !== inner)
          refuse(
            "backward() is called in a loop of its own (gradient accumulation): basin.watch then takes accumulation=",
          );
        const [, scaled, plain, given] = match;
        if (scaled) return scaled;
        const isLoss = this.blocks.assignedWithin(inner, this.step.at).includes(plain);
        // accelerator.backward(loss)
        return isLoss || !given ? plain : given;
      }
    return refuse("no loss.backward() stands before optimizer.step() in the loop");
  }

  get span(): Span {
    const { statements } = this.python;
    return { start: statements[this.outer].line, end: statements[this.end - 1].end };
  }

  insertions(): Insertion[] {
    const { statements, text } = this.python;
    const { batch } = this;
    const used = [batch.lossFunction, batch.data, batch.forward ?? ""].flatMap((one) =>
      namesIn(one.replace(/(["']).*?\1/g, "")),
    );
    const probe = /\bprobe\b/.test(this.python.code) ? "basin_probe" : "probe";
    const test = this.testLoader();
    const [outer, step] = [statements[this.outer], statements[this.step.at]];
    const indent = (one: { line: number; start: number }) => text.slice(one.line, one.start);
    const unit = /^\t/m.test(text) ? "\t" : "    ";
    const watch = [
      `${probe} = basin.watch(`,
      ...[
        batch.model,
        this.step.optimizer,
        `loss=${batch.lossFunction}`,
        `data=${batch.data}`,
        ...(test === undefined ? [] : [`test=basin.hold(${test}, examples=2048)`]),
        ...(batch.forward === undefined ? [] : [`forward=${batch.forward}`]),
        ...batch.more,
        "every=100",
      ].map((argument) => `${unit}${argument},`),
      ")",
    ];
    const ownNames = ["outputs", "targets", "model", "batch", "lambda"];
    const local = used.find((name) => !ownNames.includes(name.split(".")[0]) && this.isLocal(name));
    if (local !== undefined)
      refuse(`${local} is made anew inside the loop, and basin.watch is called before it`);
    const last = statements[this.end - 1];
    return joined([
      ...this.imported(),
      this.before(
        outer.line,
        watch.map((line) => `${indent(outer)}${line}`),
      ),
      this.after(step.end, [`${indent(step)}${probe}.step(${this.loss})`]),
      this.after(last.end, [`${indent(outer)}${probe}.close()`]),
    ]);
  }

  private testLoader(): string | undefined {
    const own = this.blocks.functionAround(this.outer);
    const parameters = own?.parameters ?? [];
    const given = this.python.statements.flatMap((statement, index) =>
      index < this.outer && this.blocks.isVisible(index, this.outer) && /\bDataLoader\(/.test(statement.code)
        ? statement.targets
        : [],
    );
    return [...parameters, ...given].findLast((name) => testLoader.test(name));
  }

  private imported(): Insertion[] {
    if ([...basinCallees(this.python).keys()].includes("basin.watch")) return [];
    const last = this.python.statements.findLast(
      ({ indent, code, start }) =>
        indent === 0 && /^(import|from)\b/.test(code) && start < this.python.statements[this.outer].start,
    );
    return last ? [this.after(last.end, ["import basin"])] : [this.before(0, ["import basin"])];
  }

  private get eol(): string {
    return this.python.text.includes("\r\n") ? "\r\n" : "\n";
  }

  private before(offset: number, lines: readonly string[]): Insertion {
    return { offset, text: lines.map((line) => `${line}${this.eol}`).join("") };
  }

  /** Below the line that an offset is in. */
  private after(offset: number, lines: readonly string[]): Insertion {
    const { text } = this.python;
    const end = text.indexOf("\n", offset);
    return end < 0
      ? { offset: text.length, text: lines.map((line) => `${this.eol}${line}`).join("") }
      : this.before(end + 1, lines);
  }
}

const isOptimizerCall = (callee: string): boolean =>
  optimizers.test(lastPart(callee)) || /(^|\.)optim\.[A-Z]\w*$/.test(callee);

/** Those at one place as one, in their order. */
const joined = (insertions: readonly Insertion[]): Insertion[] =>
  [...new Set(insertions.map(({ offset }) => offset))].map((offset) => ({
    offset,
    text: insertions
      .filter((one) => one.offset === offset)
      .map(({ text }) => text)
      .join(""),
  }));
