// End-to-end tests: one real VS Code in one real browser, scenarios one after another.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/e2e/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
    // On a busy machine a page is drawn when its turn comes.
    expect: { poll: { timeout: 10_000 } },
    reporters: ["verbose"],
  },
});
