// What takes too long for `npm test`: `npm run test:full`.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["test/full/**/*.test.ts"], pool: "forks", testTimeout: 3_600_000 },
});
