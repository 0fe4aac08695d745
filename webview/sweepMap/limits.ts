// Where each run's predicted limits lie over the map: marks in its own column, or its row, at the learning rate that is its limit. Pure.
import {
  learningRateKey,
  limitKinds,
  placeOn,
  type LimitKind,
  type SweepCell,
  type SweepMap,
} from "../../src/record/sweepMap";

export interface LimitMark {
  readonly cell: SweepCell;
  readonly kind: LimitKind;
  /** In parts of the whole grid, from its top left; a mark is a line, level where η goes up, else upright. */
  readonly left: number;
  readonly top: number;
  readonly length: number;
  readonly level: boolean;
  /** The limit lies beyond the map: the mark is at its rim. */
  readonly outside: boolean;
}

/** Room between the marks of neighbouring columns. */
const rim = 0.06;

/** Marks of all runs of a column stand beside one another, in the order of their learning rates. */
export function limitMarks({ x, y, cells }: SweepMap): LimitMark[] {
  const level = y?.key === learningRateKey;
  const rate = level ? y : x.key === learningRateKey ? x : null;
  if (!rate) return [];
  const [columns, rows] = [x.values.length, y?.values.length ?? 1];
  const along = rate.values.length;
  const across = level ? columns : rows;
  return cells.flatMap((cell) =>
    limitKinds.flatMap((kind): LimitMark[] => {
      const limit = cell.limits[kind];
      const place = limit === null ? null : placeOn(rate, limit);
      if (place === null) return [];
      const at = Math.min(along, Math.max(0, place + 0.5));
      const own = level ? cell.y : cell.x;
      const length = (1 - 2 * rim) / along / across;
      // From the low end of the axis across: rows are drawn from the bottom up.
      const lane = level ? cell.x : rows - 1 - cell.y;
      const start = (lane + rim + ((1 - 2 * rim) * own) / along) / across;
      const outside = at !== place + 0.5;
      return level
        ? [{ cell, kind, left: start, top: 1 - at / along, length, level, outside }]
        : [{ cell, kind, left: at / along, top: start, length, level, outside }];
    }),
  );
}
