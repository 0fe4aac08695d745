// A canvas that draws nothing but insists on numbers: every coordinate handed to it must be finite.
export interface DrawnCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** A drawing context that records calls; one with a coordinate that is not finite throws. */
export function recordingContext(): { readonly context: never; readonly calls: DrawnCall[] } {
  const calls: DrawnCall[] = [];
  // As wide as an ordinary font's, about.
  const state: Record<string, unknown> = { measureText: (text: string) => ({ width: 6 * text.length }) };
  const context = new Proxy(state, {
    get: (own, name: string) =>
      name in own
        ? own[name]
        : (...args: unknown[]) => {
            const bad = args.find((x) => typeof x === "number" && !Number.isFinite(x));
            if (bad !== undefined) throw new Error(`${name}(${args.join(", ")})`);
            calls.push({ name, args });
          },
    set: (own, name: string, value) => {
      own[name] = value;
      return true;
    },
  });
  return { context: context as never, calls };
}
