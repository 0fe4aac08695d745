// What an experiment says about its data before any is read: files, number of examples, whether there is a test set.
import type { DataSpec } from "./experiment";
import { namedSets } from "./namedSets";

/** Key paths of the files a data source reads. */
export function dataFiles(data: DataSpec): string[] {
  switch (data.source) {
    case "idx":
      return [
        "data.train.images",
        "data.train.labels",
        ...(data.test ? ["data.test.images", "data.test.labels"] : []),
      ];
    case "cifar": {
      const list = (part: "train" | "test") =>
        data[part]?.files.map((_, i) => `data.${part}.files.${i}`) ?? [];
      return [...list("train"), ...list("test")];
    }
    case "npz":
      return ["data.file"];
    case "csv":
      return ["data.train.file", ...(data.test ? ["data.test.file"] : [])];
    case "fashion-mnist":
    case "mnist":
    case "cifar-10":
    case "chebyshev":
    case "teacher":
    case "spirals":
    case "two-minima":
      return [];
  }
}

/** Number of training examples as far as the experiment says it: an upper bound where files may hold fewer. */
export function knownExamples(data: DataSpec): { readonly n: number; readonly key: string } | undefined {
  const at = (n: number | undefined, key: string) => (n === undefined ? undefined : { n, key });
  switch (data.source) {
    case "idx":
    case "cifar":
    case "csv":
      return at(data.train.take, "data.train.take");
    case "fashion-mnist":
    case "mnist":
    case "cifar-10":
      return at(data.train.take ?? namedSets[data.source].examples.train, "data.train.take");
    case "npz":
      return at(data.takeTrain, "data.takeTrain");
    case "chebyshev":
    case "teacher":
    case "spirals":
      return at(data.examples, "data.examples");
    case "two-minima":
      return at(data.curvatures.length, "data.curvatures");
  }
}

/** Whether test data will be there; true for an npz archive, which says so only when it is read. */
export function hasTestData(data: DataSpec): boolean {
  if (data.source === "npz") return true;
  if (data.source === "two-minima") return false;
  return "testExamples" in data ? data.testExamples > 0 : data.test !== undefined;
}
