// What stands between the lines is drawn together, soon after a change and then once a second at most.
import { beforeEach, expect, test, vi } from "vitest";
import { Disposables } from "../../../src/extension/disposables";
import { InlineClock } from "../../../src/extension/inline/inlineClock";
import type { Runs } from "../../../src/extension/workspace/runs";

/** What of VS Code the clock listens to. */
const fake = vi.hoisted(() => ({
  theme: (): void => undefined,
  configuration: (_event: { affectsConfiguration: (key: string) => boolean }): void => undefined,
}));

vi.mock("vscode", () => ({
  window: {
    onDidChangeActiveColorTheme: (changed: () => void) => {
      fake.theme = changed;
      return { dispose: () => undefined };
    },
  },
  workspace: {
    onDidChangeConfiguration: (changed: typeof fake.configuration) => {
      fake.configuration = changed;
      return { dispose: () => undefined };
    },
  },
}));

/** A clock, the runs' change, and when each of two elements was drawn: milliseconds from now on. */
function clockwork() {
  let changed = (): void => undefined;
  const runs = {
    onDidChange: (listener: () => void) => {
      changed = listener;
      return { dispose: () => (changed = () => undefined) };
    },
  } as unknown as Runs;
  const clock = new InlineClock(runs);
  const start = performance.now();
  const drawn: [number[], number[]] = [[], []];
  const owners = drawn.map((times) => {
    const own = new Disposables();
    clock.onChange(own, () => times.push(Math.round(performance.now() - start)));
    return own;
  });
  return { clock, owners, drawn, change: () => changed() };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  return () => vi.useRealTimers();
});

test("a thousand changes in three seconds are four pictures, of both elements at the same moments", () => {
  const { drawn, change } = clockwork();
  for (let t = 0; t < 1000; t++) {
    change();
    vi.advanceTimersByTime(3);
  }
  expect(drawn[0]).toEqual([10, 1010, 2010]);
  expect(drawn[1]).toEqual(drawn[0]);
  vi.advanceTimersByTime(1000);
  // The last change is not lost, and then it rests.
  expect(drawn[0]).toEqual([10, 1010, 2010, 3010]);
  vi.advanceTimersByTime(60_000);
  expect(drawn[0]).toHaveLength(4);
});

test("a theme or a setting of Basin's is seen at once, another setting not at all", () => {
  const { drawn, change } = clockwork();
  change();
  vi.advanceTimersByTime(100);
  fake.theme();
  expect(drawn[0]).toEqual([10, 100]);
  fake.configuration({ affectsConfiguration: (key) => key === "basin.inline" });
  expect(drawn[0]).toEqual([10, 100, 100]);
  fake.configuration({ affectsConfiguration: (key) => key === "editor" });
  expect(drawn[0]).toHaveLength(3);
});

test("who is gone is not drawn, and a clock that is gone draws nobody", () => {
  const { clock, owners, drawn, change } = clockwork();
  owners[0].dispose();
  change();
  vi.advanceTimersByTime(20);
  expect(drawn).toEqual([[], [10]]);
  change();
  clock.dispose();
  vi.advanceTimersByTime(5000);
  change();
  vi.advanceTimersByTime(5000);
  expect(drawn[1]).toHaveLength(1);
});
