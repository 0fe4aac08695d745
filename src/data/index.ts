// The data sources, and the one way to load a data set. To add a source: write its file, add a line here.
import { fileError } from "../protocol/errors";
import type { DataSpec } from "../protocol/experiment";
import { lossFacts } from "../protocol/kinds";
import { cifar } from "./cifar";
import { chebyshev } from "./chebyshev";
import { csv } from "./csv";
import type { Dataset } from "./dataset";
import { idx } from "./idx";
import { withLabelNoise } from "./labelNoise";
import { namedSources } from "./named";
import { npz } from "./npz";
import type { DataSource, LoadContext } from "./source";
import { spirals } from "./spirals";
import { refuseOneClass } from "./targets";
import { teacher } from "./teacher";
import { twoMinima } from "./twoMinima";

export const sources = [
  idx,
  cifar,
  ...namedSources,
  npz,
  csv,
  chebyshev,
  teacher,
  spirals,
  twoMinima,
] as const;

export { dataDefinitions } from "./shared";
export type { Dataset, ReadBytes, Split } from "./dataset";
export type { LoadContext } from "./source";

/**
 * Loads or makes the data set an experiment describes. Same spec, files and seed give the same bytes.
 *
 * @param readBytes  Reads a file named as in the experiment.
 * @throws UserError naming the file, what was expected and what was found.
 */
export async function loadDataset(spec: DataSpec, context: LoadContext): Promise<Dataset> {
  const entry = sources.find(({ source }) => source === spec.source);
  if (!entry) throw new Error(`internal: no data source "${spec.source}"`);
  // Entry and spec are of one source, which the types of a list cannot say.
  const made = await (entry as unknown as DataSource<typeof spec.source>).load(spec, context);
  const fraction = "labelNoise" in spec ? (spec.labelNoise ?? 0) : 0;
  const data = fraction > 0 ? withLabelNoise(made, fraction, context.seed, nameOf(spec)) : made;
  if (context.loss && lossFacts(context.loss).needsLabels && data.train.labels === null) {
    throw fileError(
      nameOf(spec),
      `Loss "${context.loss}" needs class labels; found real-valued targets.`,
      data.outputs === 1 && data.train.y.every(Number.isInteger)
        ? 'They are whole numbers: save them as integers, y.astype("int64"), to make them labels.'
        : 'Use "mse" or "squared-error".',
    );
  }
  // Also where skip, take or label noise leave one of several.
  if (context.loss && lossFacts(context.loss).needsLabels)
    refuseOneClass(new Set(data.train.labels), nameOf(spec));
  return data;
}

/** What a message about the whole data set calls it. */
const nameOf = (spec: DataSpec): string => ("file" in spec ? spec.file : `data source "${spec.source}"`);
