// CSV files: quoting, classes shared between splits, and errors that point at line and column.
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../../src/data";
import { parseCsv } from "../../../src/data/csvTable";
import type { DataSpec } from "../../../src/protocol/experiment";
import { UserError } from "../../../src/protocol/errors";
import { reader, text } from "./files";

type CsvSpec = Extract<DataSpec, { source: "csv" }>;
const load = (train: string | Uint8Array, spec: Partial<CsvSpec> = {}, test = "") =>
  loadDataset(
    { source: "csv", train: { file: "a.csv" }, targets: ["y"], task: "regression", scale: "none", ...spec },
    {
      readBytes: reader({ "a.csv": typeof train === "string" ? text(train) : train, "b.csv": text(test) }),
      seed: 0,
    },
  );
const classes = { task: "classification", test: { file: "b.csv" } } as const;

const plain = { separator: ",", header: true };

describe("parseCsv", () => {
  const rows = (content: string) =>
    parseCsv(text(content), "f", plain).rows.map(({ line, fields }) => [line, ...fields]);

  it.each([
    ["a,b\n1,2\n", [[2, "1", "2"]]],
    ["a,b\n1,2", [[2, "1", "2"]]],
    [
      "a,b\r\n1,2\r\n3,4\r\n",
      [
        [2, "1", "2"],
        [3, "3", "4"],
      ],
    ],
    ["a,b\n\n  \n1,2\n\n", [[4, "1", "2"]]],
    ['a,b\n"x, ""y""",2\n', [[2, 'x, "y"', "2"]]],
    [
      'a,b\n"two\nlines",2\n3,4\n',
      [
        [2, "two\nlines", "2"],
        [4, "3", "4"],
      ],
    ],
    [
      "a,b\n1,\n,2\n",
      [
        [2, "1", ""],
        [3, "", "2"],
      ],
    ],
    ["a,b\n1,", [[2, "1", ""]]],
    ['a,b\n"",""', [[2, "", ""]]],
    ["\uFEFFa,b\n1,2", [[2, "1", "2"]]],
    [
      "a\n1\n2",
      [
        [2, "1"],
        [3, "2"],
      ],
    ],
  ])("reads %j", (content, expected) => {
    expect(rows(content)).toEqual(expected);
  });

  it("drops a byte order mark and spaces around names", () => {
    expect(parseCsv(text("\uFEFFa , b\n1,2"), "f", plain).header).toEqual(["a", "b"]);
  });
});

describe("csv", () => {
  it("makes the named columns targets and all others inputs, gzipped or not", async () => {
    const content = "u,y,v\n1,2,3\n-4.5e1,+5,.5\n";
    const data = await load(content);
    expect(data).toMatchObject({ inputShape: [2], outputs: 1, test: null, train: { n: 2, labels: null } });
    expect([...data.train.x]).toEqual([1, 3, -45, 0.5]);
    expect([...data.train.y]).toEqual([2, 5]);
    expect(await load(gzipSync(content))).toEqual(data);
  });

  it("orders several targets as the experiment does", async () => {
    const { train, outputs } = await load("y,u,z\n1,2,3\n", { targets: ["z", "y"] });
    expect(outputs).toBe(2);
    expect([...train.y]).toEqual([3, 1]);
  });

  it("numbers class names alphabetically, the same in both splits, whatever the order of rows and columns", async () => {
    const data = await load("u,y\n1,wolf\n2,ant\n3,cat\n", classes, "y,u\ncat,9\nwolf,8\n");
    expect(data.outputs).toBe(3);
    expect([...(data.train.labels ?? [])]).toEqual([2, 0, 1]);
    expect([...(data.test?.labels ?? [])]).toEqual([1, 2]);
    expect([...(data.test?.x ?? [])]).toEqual([9, 8]);
  });

  it("takes whole numbers as the classes they are, counted over the whole file", async () => {
    const data = await load("u,y\n1,1\n2,0\n3,3\n", {
      task: "classification",
      train: { file: "a.csv", take: 2 },
    });
    expect([...(data.train.labels ?? [])]).toEqual([1, 0]);
    expect(data.outputs).toBe(4);
  });

  it("standardizes by the training mean and deviation", async () => {
    const { train, test } = await load(
      "u,y\n1,0\n3,0\n",
      { scale: "standardize", test: { file: "b.csv" } },
      "u,y\n5,0\n",
    );
    expect([...train.x]).toEqual([-1, 1]);
    expect([...(test?.x ?? [])]).toEqual([3]);
  });

  it.each<
    [string, string | Uint8Array, string, { readonly spec?: Partial<CsvSpec>; readonly test?: string }?]
  >([
    ["an empty file", "", "a.csv: Expected a header line with column names; the file is empty"],
    ["a header alone", "u,y\n", "a.csv: Expected at least one example"],
    ["bytes that are no UTF-8", Uint8Array.of(0x75, 0xff, 0x0a), "a.csv: Expected a CSV file in UTF-8"],
    ["a name given twice", "y,u,u\n1,2,3\n", 'found "u" twice in line 1'],
    [
      "a row of other length",
      "u,y\n1,2\n\n3,4,5\n",
      "a.csv: Line 4: expected 2 fields as in the header; found 3",
    ],
    ["an open quote", 'u,y\n1,"2\n', "Line 2: expected a closing double quote"],
    ["text behind a quote", 'u,y\n1,"2"x\n', 'behind a quoted field; found "x"'],
    ["a missing target column", "u,Y\n1,2\n", 'a.csv: Expected a column "y"; the header line has "u", "Y"'],
    ["targets only", "y\n1\n", "every column is a target"],
    [
      "text among numbers",
      'u,y\n1,2\n"a\nb",4\n',
      'a.csv: Line 3, column "u": expected a finite number; found "a\nb"',
    ],
    [
      "an empty field",
      "u,y\n1,2\n,4\n",
      'Line 3, column "u": expected a finite number; found an empty field',
    ],
    ["a hexadecimal number", "u,y\n0x10,2\n", 'found "0x10"'],
    ["NaN", "u,y\nNaN,2\n", 'found "NaN"'],
    [
      "infinity among targets",
      "u,y\n1,Infinity\n",
      'Line 2, column "y": expected a finite number; found "Infinity"',
    ],
    ["a number beyond float32", "u,y\n1e39,2\n", 'found "1e39"'],
    [
      "an empty class",
      "u,y\n1,a\n2,\n",
      'Line 3, column "y": expected a class; found an empty field',
      { spec: { task: "classification" } },
    ],
    [
      "a single class",
      "u,y\n1,a\n2,a\n",
      "Expected at least two classes; every label is a",
      { spec: { task: "classification" } },
    ],
    [
      "a test class that training lacks",
      "u,y\n1,a\n2,b\n",
      'b.csv: Line 3, column "y": expected a class of the training file (a, b); found "c"',
      { spec: classes, test: "u,y\n1,a\n2,c\n" },
    ],
    [
      "a test class number that training lacks",
      "u,y\n1,0\n2,1\n",
      'expected a class of the training file (0 … 1); found "2"',
      { spec: classes, test: "u,y\n1,2\n" },
    ],
    [
      "a test column that is missing",
      "u,v,y\n1,1,2\n",
      'b.csv: Expected a column "v"',
      { spec: { test: { file: "b.csv" } }, test: "u,y\n1,2\n" },
    ],
    [
      "more taken than there are",
      "u,y\n1,2\n",
      "at least the 2 examples that `take` asks for; the file holds 1",
      { spec: { train: { file: "a.csv", take: 2 } } },
    ],
  ])("refuses %s", async (_what, train, message, { spec, test } = {}) => {
    const failure = load(train, spec, test);
    await expect(failure).rejects.toBeInstanceOf(UserError);
    await expect(failure).rejects.toThrow(message);
  });
});
