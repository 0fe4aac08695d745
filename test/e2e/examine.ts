// What axe-core finds on a page of Basin's.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Panel } from "./panelPage";
import { themeKinds } from "./settings";
import type { Workbench } from "./workbench";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Page = Pick<Panel, "find" | "behind">;

/** What axe finds on a page, which has a document of its own, before the colour that VS Code shows behind it. */
export const examine = (page: Page): Promise<AxeResults> =>
  page.find("body").evaluate(`(() => {
    if (!window.axe) { ${axe} }
    document.body.style.background = "var(${page.behind})";
    return window.axe.run(document);
  })()`);

const widths = { narrow: 398, wide: 1448 } as const;

/**
 * What axe finds serious or critical on a page in every theme of VS Code's own, in a narrow and a wide window.
 *
 * @param look  Called before each examination, with words for the theme and the width: to show more of the page, to take its picture.
 */
export async function graveFindings(
  workbench: Workbench,
  page: Page,
  look: (where: string) => Promise<void>,
): Promise<string[]> {
  const grave: string[] = [];
  const { height, width: before } = workbench.page.viewportSize()!;
  for (const theme of themeKinds) {
    await workbench.useTheme(theme);
    for (const [size, width] of Object.entries(widths)) {
      await workbench.page.setViewportSize({ width, height });
      await look(`${theme} ${size}`);
      await workbench.settle();
      const { violations } = await examine(page);
      for (const { id, impact, nodes } of violations)
        if (impact === "serious" || impact === "critical")
          grave.push(...nodes.map(({ html }) => `${theme} ${size}: ${id} ${html.slice(0, 200)}`));
    }
    await workbench.page.setViewportSize({ width: before, height });
  }
  return grave;
}
