// CSV files with a header line: the named columns are targets, all others inputs.
import { ref } from "../protocol/fragment";
import { fileError } from "../protocol/errors";
import { didYouMean } from "../protocol/suggest";
import { parseCsv, type CsvTable } from "./csvTable";
import type { Split } from "./dataset";
import { unpack } from "./gzip";
import { checkTake, scaler } from "./scale";
import { defineSource } from "./source";
import { countClasses, oneHot } from "./targets";

export const csv = defineSource({
  source: "csv",
  spec: {
    about: "CSV files with a header line.",
    required: ["train", "targets"],
    properties: {
      train: ref("csvFile", { description: "Training file." }),
      test: ref("csvFile", {
        description: "Test file with the same columns; needed for the generalization gap.",
      }),
      targets: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { type: "string", minLength: 1 },
        description: "Header names of the target columns. Every other column is an input.",
        examples: [["y"]],
      },
      task: {
        enum: ["regression", "classification"],
        enumDescriptions: [
          "Targets are numbers.",
          "One target column holds the class: a name or a whole number.",
        ],
        default: "regression",
        description: "What the target columns mean.",
      },
      scale: ref("scale", { default: "none" }),
      labelNoise: ref("labelNoise"),
    },
    examples: { key: "train.take" },
    test: "test",
    targets: {
      numbersWhen: { key: "task", is: "regression" },
      hint: 'Set data.task to "classification", or use "mse" or "squared-error".',
    },
    from: "{train.file}",
    rules: [
      {
        at: "labelNoise",
        wrong: "key",
        when: [
          { key: "task", is: "regression" },
          { key: "labelNoise", given: true },
        ],
        message: "`labelNoise` needs class labels, but the task is regression.",
        hint: 'Remove it, or set "task" to "classification".',
      },
      {
        at: "targets",
        when: [
          { key: "task", is: "classification" },
          { key: "targets.length", isNot: 1 },
        ],
        message: "A classification task has one target column, the class; found {targets.length}.",
        hint: 'Name one column, or set "task" to "regression".',
      },
    ],
  },
  async load({ train, test, targets, task, scale }, { readBytes }) {
    const read = async ({ file, take }: { file: string; take?: number }): Promise<Source> => {
      const table = parseCsv(unpack(await readBytes(file), file), file);
      return { ...table, file, n: checkTake(take, table.rows.length, file) };
    };
    const training = await read(train);
    const testing = test ? await read(test) : null;
    const inputs = training.header.filter((name) => !targets.includes(name));
    checkColumns(training, targets);
    if (inputs.length === 0)
      throw fileError(train.file, "Expected at least one input column; every column is a target.");
    if (testing) checkColumns(testing, training.header);

    const x = numbers(training, inputs);
    const scaled = scaler(scale, x, inputs.length);
    const toTargets = task === "classification" ? classesOf(training, targets[0]) : realTargets(targets);
    const split = (source: Source, values: Float64Array): Split => ({
      n: source.n,
      x: scaled(values),
      ...toTargets.of(source),
    });
    return {
      inputShape: [inputs.length],
      outputs: toTargets.K,
      train: split(training, x),
      test: testing && split(testing, numbers(testing, inputs)),
    };
  },
});

interface Source extends CsvTable {
  readonly file: string;
  readonly n: number;
}

function checkColumns({ header, file }: Source, wanted: readonly string[]): void {
  for (const name of wanted) {
    if (!header.includes(name)) {
      throw fileError(
        file,
        `Expected a column "${name}"; the header line has ${header.map((h) => `"${h}"`).join(", ")}.`,
        didYouMean(name, header),
      );
    }
  }
}

/** A decimal number as programs write it; JavaScript's Number() would take "", "0x10" and "Infinity" too. */
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Columns by name, [n, columns] row-major, of the rows taken. */
function numbers({ header, rows, n, file }: Source, columns: readonly string[]): Float64Array {
  const at = columns.map((name) => header.indexOf(name));
  const values = new Float64Array(n * at.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < at.length; j++) {
      const text = rows[i].fields[at[j]].trim();
      const value = decimal.test(text) ? Number(text) : NaN;
      if (!Number.isFinite(Math.fround(value))) {
        const found = text === "" ? "an empty field" : `"${text}"`;
        throw fileError(
          file,
          `Line ${rows[i].line}, column "${columns[j]}": expected a finite number; found ${found}.`,
        );
      }
      values[i * at.length + j] = value;
    }
  }
  return values;
}

const realTargets = (targets: readonly string[]) => ({
  K: targets.length,
  of: (source: Source) => ({ y: Float32Array.from(numbers(source, targets)), labels: null }),
});

/**
 * Classes of one column. Whole numbers stand for themselves; names are numbered in the order of their sorted list (as
 * scikit-learn's LabelEncoder does), so that the order of rows does not matter. Both splits share the training file's classes.
 */
function classesOf(training: Source, target: string) {
  const classOf = ({ header }: Source) => header.indexOf(target);
  const names = training.rows.map(({ fields }) => fields[classOf(training)].trim());
  const empty = names.indexOf("");
  if (empty >= 0) {
    throw fileError(
      training.file,
      `Line ${training.rows[empty].line}, column "${target}": expected a class; found an empty field.`,
    );
  }
  const whole = names.every((name) => /^\d+$/.test(name));
  const sorted = [...new Set(names)].sort();
  const K = whole ? countClasses(names.map(Number), undefined, training.file) : sorted.length;
  if (K < 2 || sorted.length < 2) {
    throw fileError(
      training.file,
      `Column "${target}": expected at least two classes; found only "${sorted[0]}".`,
    );
  }
  const index = new Map(sorted.map((name, i) => [name, i]));
  const of = (source: Source) => {
    const labels = Int32Array.from({ length: source.n }, (_, i) => {
      const { line, fields } = source.rows[i];
      const name = fields[classOf(source)].trim();
      const label = whole ? (/^\d+$/.test(name) ? Number(name) : undefined) : index.get(name);
      if (label !== undefined && label < K) return label;
      const expected = whole
        ? `0 … ${K - 1}`
        : sorted.slice(0, 10).join(", ") + (sorted.length > 10 ? ", …" : "");
      throw fileError(
        source.file,
        `Line ${line}, column "${target}": expected a class of the training file (${expected}); found "${name}".`,
      );
    });
    return { labels, y: oneHot(labels, K) };
  };
  return { K, of };
}
