// One home for what a verdict is called and how grave it is.
import { expect, test } from "vitest";
import { flagged, typicalKinds, verdictKinds } from "../../../src/types/verdict";
import { severitySigns, verdictSign, verdictWords } from "../../../src/types/verdictWords";

test("a flagged verdict is bad, except where only the mean square is unstable and a typical run stays: that is a warning", () => {
  for (const verdict of verdictKinds)
    for (const typical of [...typicalKinds, null]) {
      const comesBack = verdict === "unstable-variance" && typical === "stays";
      const { severity } = verdictWords({ verdict, typical });
      expect(severity === "bad" || severity === "warning").toBe(flagged.includes(verdict));
      expect(severity === "warning").toBe(comesBack);
    }
});

test("severities can be told apart without colour", () => {
  const signs = Object.values(severitySigns);
  expect(new Set(signs).size).toBe(signs.length);
  expect(verdictSign({ verdict: "unstable-variance", typical: "stays" })).toBe("!");
  expect(verdictSign({ verdict: "unstable-variance", typical: "leaves" })).toBe("✗");
});
