// Of many lines of a log those that a list of runs needs: the latest readings of each shape, and all that is no reading.

/** Readings kept of a shape: enough to see whether several in a row lie beyond a limit. */
const kept = 6;
/** A line that holds several packed is enough by itself. */
const packed = '"earlier":';
const reading = '{"kind":"metrics"';
/** Says how something is measured from there on: once for many readings. */
const explanation = '"how":';

/**
 * The lines in their order without the readings that later ones of the same shape replace. A line's shape is the keys it has, so that a
 * metric that few readings have is never lost among many that lack it. Costs a tenth of decoding them.
 */
export function latestOfEachShape(lines: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const wanted: string[] = [];
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i];
    if (line.startsWith(reading) && !line.includes(explanation)) {
      const shape = shapeOf(line);
      const count = counts.get(shape) ?? 0;
      counts.set(shape, count + 1);
      if (count >= (line.includes(packed) ? 1 : kept)) continue;
    }
    wanted.push(line);
  }
  return wanted.reverse();
}

/** What stands before each colon, and the probe. */
function shapeOf(line: string): string {
  const at = line.indexOf(probe);
  let shape = at < 0 ? "" : line.slice(at + probe.length, line.indexOf('"', at + probe.length));
  for (let colon = line.indexOf('":'); colon >= 0; colon = line.indexOf('":', colon + 2))
    shape += line.slice(line.lastIndexOf('"', colon - 1), colon);
  return shape;
}

const probe = '"probe":"';
