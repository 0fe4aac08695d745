// One colour a run, for as long as it is among those compared: a place among the colours, which no other run's coming or going changes. Pure.

/** As many runs tell apart by colour, dash and letter. */
export const mostCompared = 20;

/**
 * @param before  The places given so far, by run; a run that was compared before gets its own again where it is free.
 * @param ticked  The runs compared now, in the order in which they were ticked.
 * @returns  A place from 0 on for each of the first `mostCompared`.
 */
export function slotsOf(
  before: ReadonlyMap<string, number>,
  ticked: readonly string[],
): ReadonlyMap<string, number> {
  const shown = ticked.slice(0, mostCompared);
  const slots = new Map<string, number>();
  const taken = new Set<number>();
  for (const run of shown) {
    const slot = before.get(run);
    if (slot === undefined || slot >= mostCompared || taken.has(slot)) continue;
    slots.set(run, slot);
    taken.add(slot);
  }
  let next = 0;
  for (const run of shown) {
    if (slots.has(run)) continue;
    while (taken.has(next)) next++;
    slots.set(run, next);
    taken.add(next);
  }
  return slots;
}

/** What a run is called in a few pixels: "A" to "T". */
export const letterOf = (slot: number): string => String.fromCharCode("A".charCodeAt(0) + slot);
