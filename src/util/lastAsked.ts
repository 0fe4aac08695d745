// Remembers what was made of the last few texts: an open file is asked many times between two edits of it.

/** More files than are in sight at once. */
const mostKnown = 8;

/** `make` of a text, made once while it is among those asked last; the longest unasked is forgotten first. */
export function lastAsked<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, { readonly made: T }>();
  return (text) => {
    const found = known.get(text) ?? { made: make(text) };
    known.delete(text);
    known.set(text, found);
    for (const oldest of known.keys()) {
      if (known.size <= mostKnown) break;
      known.delete(oldest);
    }
    return found.made;
  };
}
