// Where a Python script writes what a run of it was set to: the number of `lr=` or `batch_size=`; where the value comes from elsewhere (the
// command line, an experiment file, a schedule), the call that watches the training. Pure.
import type { RunInfo } from "../../protocol/runFolder";
import type { ChartedSetting } from "../../record/settingChart";
import { lastAsked } from "../../util/lastAsked";
import type { PlacesOf, SettingPlaces, WrittenSetting } from "../language/settingPlaces";
import {
  lastPart,
  namesIn,
  numberIn,
  readPython,
  watchCalls,
  type Argument,
  type Call,
  type PythonText,
} from "./pythonText";

/** Keywords under which a script sets it: PyTorch's, and those of the trainers of `transformers`. */
const keywordsOf: Readonly<Record<ChartedSetting, RegExp>> = {
  "optimizer.learningRate": /^(lr|learning_rate)$/,
  "optimizer.batchSize": /^(batch_size|per_device_train_batch_size|train_batch_size)$/,
};
const optimizerName =
  /^(SGD|ASGD|Adam|AdamW|Adamax|NAdam|RAdam|RMSprop|Adagrad|Adadelta|Lion|Adafactor|LBFGS)$/;
const scheduler = /\b(lr_scheduler|[A-Z]\w*(?:LR|Restarts|Plateau|Scheduler)|get_\w+_schedule\w*)\b/;

/** More of them are in no script that anyone trains with. */
const mostAsked = 200;

/** A number that may be the setting. */
interface Candidate {
  readonly offset: number;
  readonly length: number;
  readonly value: number;
  /** As the script calls it: `lr`. */
  readonly key: string;
  /** How surely it is the one that the watched training uses; the larger the surer. */
  readonly rank: number;
}

interface Written {
  readonly numbers: readonly Candidate[];
  /** Whether it may also come from elsewhere: an argument that is no number here, a default, a schedule. */
  readonly mayBeElsewhere: boolean;
}

/** Asks one script after many runs. */
export const scriptPlacesIn: (text: string) => PlacesOf = lastAsked((text) => {
  const python = readPython(text);
  const [watch] = watchCalls(python);
  const rates = written(python, "optimizer.learningRate", watch);
  const batches = written(python, "optimizer.batchSize", watch);
  const call = watch && { offset: watch.start, length: watch.callee.length };
  return ({ experiment: { optimizer } }) => {
    const rate = placeOf(rates, optimizer.learningRate);
    const batch = placeOf(batches, optimizer.batchSize);
    const elsewhere: WrittenSetting | undefined =
      call && rates.mayBeElsewhere ? { ...call, swept: false, isValue: false, key: "lr" } : undefined;
    const marked = rate ?? elsewhere;
    if (!marked) return null;
    return {
      marked,
      written: new Map([
        ["optimizer.learningRate", marked],
        ...(batch ? [["optimizer.batchSize", batch] as const] : []),
      ]),
    } satisfies SettingPlaces;
  };
});

/** The call that watches, for the lens above it; undefined where the script does not. */
export const watchPlaceIn: (text: string) => number | undefined = lastAsked(
  (text) => watchCalls(readPython(text)).at(0)?.start,
);

function placeOf(
  { numbers }: Written,
  value: RunInfo["experiment"]["optimizer"]["learningRate" | "batchSize"],
): WrittenSetting | undefined {
  const [best] = numbers.filter((one) => one.value === value).sort((a, b) => b.rank - a.rank);
  return best && { offset: best.offset, length: best.length, swept: false, isValue: true, key: best.key };
}

function written(python: PythonText, setting: ChartedSetting, watch: Call | undefined): Written {
  const asked = python.calls
    .flatMap((call) =>
      call.args
        .filter(({ name }) => name !== undefined && keywordsOf[setting].test(name))
        .map((argument) => ({ call, argument })),
    )
    .slice(0, mostAsked);
  const uses = asked.filter(({ call }) => !call.isDefinition && call.start !== watch?.start);
  const given = uses
    .map(({ argument }) => argument)
    .concat(setting === "optimizer.learningRate" ? positional(python) : []);
  const numbers: Candidate[] = [];
  let mayBeElsewhere = given.length === 0 || scheduler.test(python.code);
  for (const argument of given) {
    const number = isNumber(argument) ? argument : assigned(python, argument.text);
    if (!number) {
      mayBeElsewhere = true;
      continue;
    }
    const value = numberIn(number.text);
    const rank = rankOf(python, argument, watch);
    numbers.push({
      offset: number.start,
      length: number.text.length,
      value,
      key: argument.name ?? "lr",
      rank,
    });
  }
  // A parameter's default holds where no caller says otherwise.
  for (const { call, argument } of asked)
    if (call.isDefinition && isNumber(argument)) {
      mayBeElsewhere = true;
      const { start, text, name = "" } = argument;
      numbers.push({ offset: start, length: text.length, value: numberIn(text), key: name, rank: -1e9 });
    }
  return { numbers, mayBeElsewhere };
}

const isNumber = ({ text }: Pick<Argument, "text">): boolean => !Number.isNaN(numberIn(text));

/** `optim.SGD(parameters, 0.1)`: the learning rate is the second argument. */
const positional = ({ calls }: PythonText): Argument[] =>
  calls.flatMap(({ callee, args, isDefinition }) =>
    !isDefinition && optimizerName.test(lastPart(callee)) && args.length > 1 && args[1].name === undefined
      ? [args[1]]
      : [],
  );

const loopHead = /^(?:async\s+)?for\s+([\w\s,().*]{1,200}?)\sin\b/;

/** The number that a name stands for: given once in the script, and never changed. */
function assigned(
  { statements, text }: PythonText,
  name: string,
): Pick<Argument, "start" | "text"> | undefined {
  if (!/^[A-Za-z_]\w*$/.test(name)) return undefined;
  const changes = statements.filter((statement) => statement.targets.includes(name));
  const inLoop = statements.some(({ code }) => namesIn(loopHead.exec(code)?.[1] ?? "").includes(name));
  if (changes.length !== 1 || inLoop) return undefined;
  const [{ start, end, code: own }] = changes;
  const match = /^\w+\s*(?::[^=]+)?=\s*/.exec(own);
  if (!match) return undefined;
  const from = start + match[0].length;
  const value = text.slice(from, end).trim();
  return isNumber({ text: value }) ? { start: from, text: value } : undefined;
}

/** The argument of the optimizer or loader that is watched, before one of an optimizer or of no test set, before the one nearest to the call. */
function rankOf(python: PythonText, { start }: Argument, watch: Call | undefined): number {
  const statement = python.statements.find((one) => one.start <= start && start < one.end);
  const targets = statement ? statement.targets : [];
  const named = (watch?.args ?? []).filter(
    ({ name }) => name === undefined || name === "optimizer" || name === "data",
  );
  const isWatched = targets.some((target) => named.some(({ text }) => namesIn(text).includes(target)));
  const ofOptimizer = python.calls.some(
    ({ callee, start: from, end }) => from < start && start < end && optimizerName.test(lastPart(callee)),
  );
  const ofTest = targets.some((target) => /test|val|eval/i.test(target));
  const distance = Math.abs((watch?.start ?? python.text.length) - start) / (python.text.length + 1);
  return (isWatched ? 100 : 0) + (ofOptimizer ? 10 : 0) - (ofTest ? 5 : 0) - distance;
}
