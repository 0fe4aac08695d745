// What takes the pictures of the gallery: one view at a time, in every theme, narrow and wide.
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { root } from "../setup";
import { themeKinds } from "../settings";
import type { Workbench } from "../workbench";

export const folder = join(root, "test", "e2e", "screenshots");

export type Views = Readonly<Record<string, { readonly width: number; readonly height: number }>>;
/** An activity bar wide more than the panel's 420 pixels. */
export const panelSizes = {
  narrow: { width: 470, height: 1500 },
  wide: { width: 1300, height: 1130 },
} as const satisfies Views;
/** 350 and 1400 pixels for what is in the editor's part. */
export const editorSizes = {
  narrow: { width: 398, height: 800 },
  wide: { width: 1448, height: 900 },
} as const satisfies Views;
export const desk = { width: 1500, height: 900 } as const;

export class Gallery {
  private theme = "dark";

  constructor(private readonly workbench: Workbench) {}

  async shot(name: string, part?: Locator): Promise<void> {
    const path = join(folder, `${name}-${this.theme}.png`);
    // Two frames, so that what has just changed is drawn.
    await this.workbench.page.mouse.move(300, 1);
    await this.workbench.settle();
    await (part ?? this.workbench.page).screenshot({ path });
    console.log(path);
  }

  async inEveryTheme(take: () => Promise<void>): Promise<void> {
    for (const theme of themeKinds) {
      this.theme = theme;
      await this.workbench.useTheme(theme);
      await take();
    }
  }

  /** One view alone, as narrow and as wide as it gets. */
  async alone(name: string, views: Views = panelSizes): Promise<void> {
    const { workbench } = this;
    await workbench.command("View: Close Primary Side Bar").catch(() => undefined);
    for (const [size, viewport] of Object.entries(views)) {
      await workbench.page.setViewportSize(viewport);
      await this.inEveryTheme(() => this.shot(`${name}-${size}`));
    }
    await workbench.page.setViewportSize(desk);
  }

  async run(file: string): Promise<void> {
    await this.workbench.closeAll();
    await this.workbench.openFile(file);
    await this.workbench.lens("▶ Run").click();
  }
}
