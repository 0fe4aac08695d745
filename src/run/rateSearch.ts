// Finds a learning rate by short trainings at a tenth of the cost of a grid: first how large it may be, then which of few goes lowest.

/** One training at a rate, which can go on. */
export interface Trial {
  readonly rate: number;
  /** Steps of linear warm-up; null for none beside the file's own. */
  readonly warmup: number | null;
  readonly diverged: boolean;
  /** In gradients of one batch, so far. */
  readonly cost: number;
  /** Trains until this step, or until it diverges. */
  advance(step: number): Promise<void>;
  /** Training loss about its last step; Infinity once it diverged. */
  readonly loss: number;
}

interface LaterCurvature {
  readonly rate: number;
  readonly step: number;
  readonly sharpness: number;
  readonly cost: number;
}

export interface Search {
  /** Steps of the training that the rate is for. */
  readonly steps: number;
  /** Where to begin: the limit of the first steps. */
  readonly first: number;
  readonly startLoss: number;
  /** λmax(H) at the start. */
  readonly sharpness: number;
  /** The same after a trial's steps, on as many examples. */
  readonly curvature: (trial: Trial) => Promise<LaterCurvature>;
  /** Whether a warm-up may be tried: a file that has one has decided that. */
  readonly warmup: boolean;
  /** What all of it may cost, in gradients of one batch. */
  readonly most: number;
  readonly open: (rate: number, warmup: number | null) => Promise<Trial>;
}

/** A trial as it is told: its losses at the steps where it was compared. */
interface TrialRecord {
  readonly rate: number;
  readonly warmup: number | null;
  readonly scores: readonly { readonly step: number; readonly loss: number }[];
  readonly diverged: boolean;
}

export interface Found {
  /** null where every trial diverged. */
  readonly rate: number | null;
  readonly warmup: number | null;
  readonly trials: readonly TrialRecord[];
  /** Where the best of the first comparison stood. */
  readonly curvature: LaterCurvature | null;
  readonly cost: number;
}

class Tried {
  readonly scores: { readonly step: number; readonly loss: number }[] = [];

  constructor(readonly trial: Trial) {}

  async to(step: number): Promise<number> {
    const last = this.scores.at(-1);
    if (last && last.step >= step) return this.lossAt(step);
    await this.trial.advance(step);
    const { loss } = this.trial;
    this.scores.push({ step, loss });
    return loss;
  }

  lossAt(step: number): number {
    return this.scores.find((one) => one.step === step)?.loss ?? Infinity;
  }
}

/** Shares of the training at which trials are compared. */
const shares = { bracket: 1 / 32, first: 1 / 6, second: 1 / 2 } as const;
/** A loss this much above the first one says that a rate is too large for the moment. */
const tooHigh = 1.05;
/** A rate trains once the loss is below this share of the first one; early losses nearer than `alike` do not tell rates apart. */
const [trains, alike] = [0.9, 1.02];
/** Losses nearer than this are as good as each other: then the smaller rate is the safer one. */
const asGood = 1.05;
/** From rate to rate while looking how large it may be, and between those that are then compared. */
const [wide, near] = [4, 2];
/** Rates on the way up or down at most: 4¹² spans any guess. */
const longest = 12;
/** A warm-up takes this share of the training. It is tried where the curvature falls to less than `falls` of the first one. */
const [shareOfWarmup, falls] = [1 / 20, 0.7];

/**
 * 1. From `first` up and down by factors of four, each for 1/32 of the steps, to the largest rate that does not raise the loss.
 * 2. From there down by factors of two, for 1/6 of the steps each, until that is worse. Where the curvature has fallen by
 *    then, also the double of the best with a warm-up.
 * 3. Of these three to one half: the best, its half, for what does well early is often too large where noise decides later, and the
 *    next best. Then half of the best one, where it is the smallest, else the rate between the best two.
 * 4. The best two to the end, as far as the cost allows.
 *
 * Successive halving (Jamieson & Talwalkar, AISTATS 2016) on an ordered set; all trials start at the same weights and draw the same batches.
 */
export async function searchRate(search: Search): Promise<Found> {
  const { steps, open, most } = search;
  const all: Tried[] = [];
  let besides = 0;
  const spent = (): number => all.reduce((sum, { trial }) => sum + trial.cost, besides);
  const at = async (rate: number, warmup: number | null = null): Promise<Tried> => {
    const known = all.find(({ trial }) => same(trial.rate, rate) && trial.warmup === warmup);
    if (known) return known;
    const made = new Tried(await open(rate, warmup));
    all.push(made);
    return made;
  };
  const best = (step: number): Tried[] =>
    all.filter((one) => Number.isFinite(one.lossAt(step))).sort((a, b) => a.lossAt(step) - b.lossAt(step));
  const stepOf = (share: number): number => Math.min(steps, Math.max(1, Math.round(share * steps)));
  const [early, late] = [stepOf(shares.first), stepOf(shares.second)];

  const top = await largest(search, at, Math.min(early, Math.max(8, stepOf(shares.bracket))));
  // Downwards until one falls behind the best that trains at all: rates that are too large may sit on a plateau, one like another.
  let lowest = Infinity;
  for (let [rate, left] = [top, 2 * longest]; left > 0 && spent() < most / 2; rate /= near, left--) {
    const loss = await (await at(rate)).to(early);
    if (loss > lowest && lowest < trains * search.startLoss && rate < top / near) break;
    lowest = Math.min(lowest, loss);
  }
  // What is as good early is better later, where it is larger.
  const leader = best(early)
    .filter((one) => one.lossAt(early) <= alike * lowest)
    .reduce<Tried | null>((high, one) => (high && high.trial.rate > one.trial.rate ? high : one), null);
  if (!leader) return { rate: null, warmup: null, trials: all.map(recordOf), curvature: null, cost: spent() };

  const curvature = await search.curvature(leader.trial);
  besides += curvature.cost;
  if (search.warmup && curvature.sharpness < falls * search.sharpness) {
    const warmup = Math.max(2, Math.round(shareOfWarmup * steps));
    await (await at(leader.trial.rate * near, warmup)).to(early);
  }
  const half = await at(leader.trial.rate / near);
  await half.to(early);
  const others = best(early).filter((one) => one !== leader && one !== half);
  for (const one of [leader, half, ...others.slice(0, 1)]) await one.to(late);
  const [first, second] = best(late);
  // Where the smallest is the best, further down; else between the best two, and never beyond: what still holds there with this seed
  // need not with another.
  if (second && spent() + steps <= most && first.trial.warmup === second.trial.warmup) {
    const [a, b] = [first.trial.rate, second.trial.rate];
    const smallest = best(late).every(({ trial }) => trial.rate >= a);
    await (await at(smallest ? a / near : Math.sqrt(a * b), first.trial.warmup)).to(late);
  }
  for (const one of best(late).slice(0, 2))
    if (spent() + steps - late <= most || one === best(late)[0]) await one.to(steps);
  const finished = best(steps).length > 0 ? steps : best(late).length > 0 ? late : early;
  const winner = best(finished)
    .filter((one) => one.lossAt(finished) <= asGood * best(finished)[0].lossAt(finished))
    .reduce((low, one) => (one.trial.rate < low.trial.rate ? one : low));
  const { rate, warmup } = winner.trial;
  return { rate, warmup, trials: all.map(recordOf), curvature, cost: spent() };
}

const recordOf = ({ trial, scores }: Tried): TrialRecord => {
  const { rate, warmup, diverged } = trial;
  return { rate, warmup, scores, diverged };
};

const same = (a: number, b: number): boolean => Math.abs(Math.log(a / b)) < 1e-6;

/** The largest of rates a factor two apart that does not raise the loss within `step` steps. */
async function largest(
  { first, startLoss }: Search,
  at: (rate: number) => Promise<Tried>,
  step: number,
): Promise<number> {
  const good = async (rate: number): Promise<boolean> =>
    (await (await at(rate)).to(step)) <= tooHigh * startLoss;
  let rate = first;
  const up = await good(rate);
  for (let i = 0; i < longest; i++) {
    const next = up ? rate * wide : rate / wide;
    const fine = await good(next);
    if (up && !fine) break;
    rate = next;
    if (!up && fine) break;
  }
  return (await good(rate * near)) ? rate * near : rate;
}
