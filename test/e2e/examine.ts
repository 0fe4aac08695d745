// What axe-core finds on a page of Basin's.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Panel } from "./panelPage";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds on a page, which has a document of its own, before the colour that VS Code shows behind it. */
export const examine = (page: Panel): Promise<AxeResults> =>
  page.find("body").evaluate(`(() => {
    if (!window.axe) { ${axe} }
    document.body.style.background = "var(${page.behind})";
    return window.axe.run(document);
  })()`);
