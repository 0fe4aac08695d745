// CSV files with a header line: the named columns are targets, all others inputs.
import type { CsvFile } from "../protocol/experiment";
import { ref } from "../protocol/fragment";
import { fileError } from "../protocol/errors";
import { didYouMean } from "../protocol/suggest";
import { parseCsv, type CsvTable } from "./csvTable";
import type { Split } from "./dataset";
import { unpack } from "./gzip";
import { checkTake, scaler } from "./scale";
import { defineSource } from "./source";
import { countClasses, oneHot, refuseOneClass } from "./targets";

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
      separator: {
        type: "string",
        minLength: 1,
        maxLength: 1,
        description: 'The character between fields, default ","; "\\t" for a tab.',
        examples: [",", ";", "\t"],
      },
      decimal: {
        enum: [".", ","],
        enumDescriptions: ["1.5", "1,5"],
        description: "What stands before the fraction of a number. Default: a point.",
      },
      header: {
        type: "boolean",
        description:
          'Whether the first line names the columns, as it does by default. Otherwise they are called "0", "1", … by their place.',
      },
      columns: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { type: "string", minLength: 1 },
        description:
          "Header names of the input columns. Default: every column that is no target; a nameless first column of row numbers is left out.",
      },
      classNames: {
        type: "array",
        minItems: 2,
        uniqueItems: true,
        items: { type: "string", minLength: 1 },
        description:
          "The classes as the file writes them; the i-th becomes class i. Default: whole numbers from 0 stand for themselves, names are numbered as sorted.",
        examples: [["1", "2", "3"]],
      },
      targets: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { type: "string", minLength: 1 },
        description: "Header names of the target columns.",
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
        at: "classNames",
        wrong: "key",
        when: [
          { key: "task", is: "regression" },
          { key: "classNames", given: true },
        ],
        message: "`classNames` needs class labels, but the task is regression.",
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
  async load(spec, { readBytes }) {
    const { train, test, targets, task, scale, decimal = ".", separator = ",", header = true } = spec;
    const read = async ({ file, take }: CsvFile): Promise<Source> => {
      const table = parseCsv(unpack(await readBytes(file), file), file, { separator, header });
      return { ...table, file, decimal, n: checkTake(take, table.rows.length, file) };
    };
    const training = await read(train);
    const testing = test ? await read(test) : null;
    checkColumns(training, targets);
    const { inputs, notes } = inputsOf(training, targets, spec.columns);
    if (testing) checkColumns(testing, [...inputs, ...targets]);

    const x = numbers(training, inputs);
    const scaled = scaler(scale, x, inputs.length);
    const toTargets =
      task === "classification" ? classesOf(training, targets[0], spec.classNames) : realTargets(targets);
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
      notes,
    };
  },
});

/** The input columns: those named, else all but the targets and the row numbers that pandas writes before them. */
function inputsOf(
  table: Source,
  targets: readonly string[],
  columns: readonly string[] | undefined,
): { inputs: readonly string[]; notes: string[] } {
  const { file, header, rows } = table;
  if (columns) {
    checkColumns(table, columns);
    return { inputs: columns, notes: [] };
  }
  const nameless = header.indexOf("");
  const counts =
    nameless === 0 && rows.every(({ fields }, i) => Number(fields[0]) === Number(rows[0].fields[0]) + i);
  if (nameless >= 0 && !counts)
    throw fileError(
      file,
      `Column ${nameless + 1} of the header has no name; expected one, or the inputs listed.`,
      "Name it, or list the input columns as data.columns.",
    );
  const inputs = header.filter((name) => name !== "" && !targets.includes(name));
  if (inputs.length === 0)
    throw fileError(file, "Expected at least one input column; every column is a target.");
  const note = `${file}: the first column has no name and counts the rows (pandas' index); it is left out.`;
  return { inputs, notes: counts ? [note] : [] };
}

interface Source extends CsvTable {
  readonly file: string;
  readonly n: number;
  readonly decimal: "." | ",";
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

/** A number as programs write it; JavaScript's Number() would take "", "0x10" and "Infinity" too. */
const written = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function valueOf(text: string, decimal: "." | ","): number {
  const point = decimal === "." ? text : text.includes(".") ? "" : text.replace(",", ".");
  return written.test(point) ? Number(point) : NaN;
}

/** Columns by name, [n, columns] row-major, of the rows taken. */
function numbers({ header, rows, n, file, decimal }: Source, columns: readonly string[]): Float64Array {
  const at = columns.map((name) => header.indexOf(name));
  const values = new Float64Array(n * at.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < at.length; j++) {
      const text = rows[i].fields[at[j]].trim();
      const value = valueOf(text, decimal);
      if (!Number.isFinite(Math.fround(value))) {
        const found = text === "" ? "an empty field" : `"${text}"`;
        throw fileError(
          file,
          `Line ${rows[i].line}, column "${columns[j]}": expected a finite number; found ${found}.`,
          Number.isFinite(valueOf(text, decimal === "." ? "," : "."))
            ? `Set data.decimal to "${decimal === "." ? "," : "."}".`
            : undefined,
        );
      }
      values[i * at.length + j] = value;
    }
  }
  return values;
}

/** Number of classes of whole numbers. @throws UserError where they do not start at 0, naming the choice. */
function wholeClasses(names: readonly string[], file: string, found: readonly string[]): number {
  if (found.some((name) => Number(name) === 0)) return countClasses(names.map(Number), undefined, file);
  const list = found
    .slice(0, 12)
    .map((name) => `"${name}"`)
    .join(", ");
  throw fileError(
    file,
    `Expected classes from 0; found ${list}, so that output 0 would stand for no class.`,
    `Give data.classNames, e.g. [${list}]: the i-th becomes class i.`,
  );
}

const realTargets = (targets: readonly string[]) => ({
  K: targets.length,
  of: (source: Source) => ({ y: Float32Array.from(numbers(source, targets)), labels: null }),
});

/**
 * Classes of one column. Whole numbers stand for themselves; names are numbered in the order of their sorted list (as
 * scikit-learn's LabelEncoder does), so that the order of rows does not matter. Both splits share the training file's classes.
 */
function classesOf(training: Source, target: string, given: readonly string[] | undefined) {
  const classOf = ({ header }: Source) => header.indexOf(target);
  const names = training.rows.map(({ fields }) => fields[classOf(training)].trim());
  const empty = names.indexOf("");
  if (empty >= 0) {
    throw fileError(
      training.file,
      `Line ${training.rows[empty].line}, column "${target}": expected a class; found an empty field.`,
    );
  }
  const whole = !given && names.every((name) => /^\d+$/.test(name));
  const found = [...new Set(names)].sort();
  const sorted = given ?? found;
  refuseOneClass(new Set(found), `${training.file}, column "${target}"`);
  const K = whole ? wholeClasses(names, training.file, found) : sorted.length;
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
