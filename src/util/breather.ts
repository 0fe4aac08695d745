// Long computations let timers, signals and the log have their turn.

/** Milliseconds of work between two pauses: short enough that a signal seems to be answered at once. */
const interval = 50;

/** A pause costs some microseconds and is taken only when the last one is long enough ago. */
export class Breather {
  private last = performance.now();

  /** A promise when it is time for a pause, which ends after everything that waited has had its turn. */
  breathe(): Promise<void> | undefined {
    if (performance.now() - this.last < interval) return undefined;
    return new Promise((done) =>
      setImmediate(() => {
        this.last = performance.now();
        done();
      }),
    );
  }
}
