// Page object of the workbench: what a user sees and does in VS Code, so that scenarios read as prose.
import { existsSync } from "node:fs";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { Panel } from "./panelPage";
import { themes, type ThemeKind } from "./settings";

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const chromiumPath = process.env.BASIN_CHROMIUM ?? "/usr/bin/chromium";

/** A tick box of a list of several; newer versions draw it themselves. */
const checkbox = "input[type=checkbox], [role=checkbox]";
/** What is typed into; a tick box that was clicked has the focus in newer versions, and Enter would take the tick back. */
const quickInput = ".quick-input-widget .quick-input-box input";

export class Workbench {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
  ) {}

  static async open(url: string): Promise<Workbench> {
    const browser = await chromium.launch({ executablePath: chromiumPath, args: quiet });
    const page = await browser.newPage({
      viewport: { width: 1500, height: 900 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    // A busy machine is slow, not wrong.
    page.setDefaultTimeout(90_000);
    await page.goto(url);
    const workbench = new Workbench(browser, page);
    await workbench.isUsable();
    return workbench;
  }

  async isUsable(): Promise<void> {
    await this.page.locator(".monaco-workbench .statusbar-item").first().waitFor({ timeout: 90_000 });
    await this.page
      .locator(".explorer-folders-view, .basin, .pane-body")
      .first()
      .waitFor({ timeout: 90_000 });
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.isUsable();
  }

  /** Runs a command of the palette by its full title. */
  async command(title: string): Promise<void> {
    const row = this.page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first();
    // What an extension brings is listed a while after the workbench is there, and an open list does not follow.
    for (let attempt = 0; attempt < 10 && !(await row.isVisible()); attempt++) {
      const input = await this.quickInput("F1");
      // A page that opens meanwhile takes the focus, and the list is gone.
      await input.fill(`>${title}`, { timeout: 5_000 }).catch(() => undefined);
      await row.waitFor({ timeout: 8_000 }).catch(() => undefined);
    }
    await row.click();
  }

  /** The titles that the palette offers for these words. */
  async commandsLike(words: string): Promise<string[]> {
    const input = await this.quickInput("F1");
    await input.fill(`>${words}`);
    const rows = this.page.locator(".quick-input-list .monaco-list-row", { hasText: words });
    await rows.first().waitFor();
    const titles = await rows.locator(".label-name").allInnerTexts();
    await this.page.keyboard.press("Escape");
    return titles.sort();
  }

  /** Opens VS Code's quick input. A key that arrives while a view takes the focus is lost, as for any user: press again. */
  private async quickInput(key: string): Promise<Locator> {
    const input = this.page.locator(quickInput);
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.page.keyboard.press("Escape");
      await this.page.keyboard.press(key);
      try {
        await input.waitFor({ timeout: 3_000 });
        return input;
      } catch {
        // Out of a frame that kept the focus.
        await this.page.locator(".statusbar").click({ position: { x: 400, y: 10 } });
      }
    }
    await input.waitFor();
    return input;
  }

  /** Chooses from an open quick pick. */
  async pick(text: string): Promise<void> {
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first().click();
  }

  /** What a row of an open quick pick says. */
  offered(text: string): Promise<string> {
    return this.page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first().innerText();
  }

  /** A line of the channel that the output view shows. */
  output(text: string): Locator {
    return this.page.locator(".output-view .view-line", { hasText: text }).first();
  }

  /** VS Code's quick input while it asks for this. */
  quickInputAsking(placeholder: string): Locator {
    return this.page.locator(`.quick-input-widget input[placeholder="${placeholder}"]`);
  }

  /** Ticks one of an open list of several. */
  async tick(text: string): Promise<void> {
    const row = this.page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first();
    await row.locator(checkbox).click();
    await this.page.locator(quickInput).focus();
  }

  /** Ticks all of an open list of several. */
  async tickAll(placeholder: string): Promise<void> {
    await this.page.locator(`.quick-input-widget input[placeholder^="${placeholder}"]`).waitFor();
    await this.page.locator(".quick-input-list .monaco-list-row").first().waitFor();
    const all = this.page.locator(".quick-input-widget .quick-input-header").locator(checkbox).first();
    if (!(await all.isChecked())) await all.click();
    await this.page.locator(quickInput).focus();
  }

  /** What was copied last. */
  clipboard(): Promise<string> {
    return this.page.evaluate("navigator.clipboard.readText()");
  }

  /** A row of VS Code's own explorer. */
  explorerRow(text: string): Locator {
    return this.page.locator(".explorer-folders-view .monaco-list-row", { hasText: text }).first();
  }

  /** Where VS Code asks for a text. */
  get inputBox(): Locator {
    return this.page.locator(quickInput);
  }

  /**
   * Writes a file of this ending where the dialog proposes, and returns its path.
   * Accepted as it stands: what is filled in at once is completed by the dialog to something else.
   */
  async saveAsProposed(ending: string): Promise<string> {
    await until(
      async () => (await this.inputBox.inputValue()).endsWith(ending),
      `a file *${ending} proposed`,
    );
    const path = await this.inputBox.inputValue();
    await this.page.keyboard.press("Enter");
    await until(() => existsSync(path), path);
    return path;
  }

  /** What it says of the text so far. */
  inputMessage(text: string | RegExp): Locator {
    return this.page.locator(".quick-input-widget .quick-input-message", { hasText: text });
  }

  async openFile(name: string): Promise<void> {
    // Of this name and no longer one that ends with it.
    const label = this.page.locator(".label-name", { hasText: new RegExp(`^\\s*${escape(name)}\\s*$`) });
    // A newer VS Code writes a tab's name in two parts.
    const tab = this.page.locator(`.tabs-container .tab.active[data-resource-name="${name}"]`).first();
    // Asked again: a list that is renewed as the key arrives takes none.
    for (let attempt = 0; attempt < 5; attempt++) {
      const input = await this.quickInput("Control+P");
      await input.fill(name);
      // By the keyboard: what a click meant may have moved on by then, for results come in several lots.
      await this.page
        .locator(".quick-input-list .monaco-list-row.focused")
        .filter({ has: label })
        .waitFor({ timeout: 20_000 })
        .catch(() => undefined);
      await this.page.keyboard.press("Enter");
      await tab.waitFor({ timeout: 8_000 }).catch(() => undefined);
      if (await tab.isVisible()) return;
    }
    await tab.waitFor();
  }

  tab(name: string): Locator {
    return this.page.locator(".tabs-container .tab", { hasText: name });
  }

  /** A line of the editor. */
  line(text: string): Locator {
    return this.page.locator(".view-line", { hasText: text }).first();
  }

  lens(text: string | RegExp): Locator {
    return this.page.locator(".codelens-decoration a", { hasText: text }).first();
  }

  /** An inlay hint of the editor. */
  hint(text: string): Locator {
    return this.page.locator(".view-line span", { hasText: text }).last();
  }

  /** How many small curves stand after the lines. */
  sparklines(): Promise<number> {
    return this.page.evaluate(
      "[...document.querySelectorAll('.view-line span')].filter((one) => getComputedStyle(one, '::after').content.includes('data:image/svg')).length",
    );
  }

  /** The zone between the lines. */
  get inlinePanel(): Locator {
    return this.page.locator(".review-widget").first();
  }

  /** What the inline panel begins with: the mark of its run's verdict. */
  inlineMark(mark: RegExp): Locator {
    return this.inlinePanel.locator("strong", { hasText: mark }).first();
  }

  async closeAll(): Promise<void> {
    await this.command("View: Close All Editors");
  }

  /** Opens Basin's tree in the side bar. */
  async showTree(): Promise<void> {
    const title = this.page.locator(".part.sidebar .title-label", { hasText: /basin/i });
    // A click closes a side bar that was only slow to come: it gets its time first, and a second click where that was not enough.
    for (const timeout of [2_000, 20_000]) {
      const there = await title.waitFor({ timeout }).then(
        () => true,
        () => false,
      );
      if (there) return;
      await this.activityItem.click();
    }
    await title.waitFor();
  }

  /** The whole item: its badge lies above the icon. */
  private get activityItem(): Locator {
    return this.page
      .locator(".activitybar .action-item", { has: this.page.locator('[aria-label^="Basin"]') })
      .first();
  }

  treeRow(text: string | RegExp): Locator {
    return this.page.locator(".sidebar .monaco-list-row", { hasText: text }).first();
  }

  /** What the tree says of a row under the mouse. */
  async tooltip(row: Locator): Promise<Locator> {
    const hover = this.page.locator(".monaco-hover:visible").last();
    await this.noTooltip();
    // It hides when the tree refreshes.
    for (let attempt = 0; attempt < 10 && !(await hover.isVisible()); attempt++) {
      await this.noTooltip();
      await row.locator(".monaco-icon-label").hover();
      await hover.waitFor({ timeout: 3_000 }).catch(() => undefined);
    }
    await hover.waitFor();
    return hover;
  }

  /** A tooltip lies over the rows below. */
  private async noTooltip(): Promise<void> {
    await this.page.mouse.move(900, 870);
    await this.page.locator(".monaco-hover:visible").first().waitFor({ state: "detached" });
  }

  private async openMenu(row: Locator): Promise<Locator> {
    await this.noTooltip();
    await this.page.keyboard.press("Escape");
    await row.locator(".monaco-icon-label").click({ button: "right" });
    const items = this.page.locator(".monaco-menu .action-item:not(.disabled) .action-label:visible");
    await items.first().waitFor();
    // For a tenth of a second VS Code's menus take no click: the one that opened them may be let go over an item.
    await this.page.waitForTimeout(200);
    return items;
  }

  /** The titles in a row's context menu that can be chosen. */
  async offeredBy(row: Locator): Promise<string[]> {
    const titles = await (await this.openMenu(row)).allInnerTexts();
    await this.page.keyboard.press("Escape");
    return titles.filter((title) => title !== "");
  }

  /** Chooses from the context menu of a row. */
  async choose(row: Locator, title: string): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const items = await this.openMenu(row);
      const item = items.filter({ hasText: title }).first();
      // Rows move while the tree refreshes: the click may have met another one; and a menu now and then takes no click, but Enter.
      const choose =
        attempt % 2 === 0
          ? item.click({ timeout: 5_000 })
          : item.hover({ timeout: 5_000 }).then(() => this.page.keyboard.press("Enter"));
      const chosen = await choose
        .then(() => item.waitFor({ state: "hidden", timeout: 3_000 }))
        .then(
          () => true,
          () => false,
        );
      if (chosen) return;
    }
    throw new Error(`"${title}" could not be chosen.`);
  }

  /** A message in the corner. */
  notification(text: string | RegExp): Locator {
    return this.page.locator(".notification-list-item", { hasText: text }).first();
  }

  /** A question that nothing else can be done before. */
  get dialog(): Locator {
    return this.page.locator(".monaco-dialog-box");
  }

  /** Every problem marked in the workspace, as the Problems view lists it. */
  problem(text: string | RegExp): Locator {
    return this.page.locator(".markers-panel .monaco-list-row", { hasText: text }).first();
  }

  /** The lines, from 1, at which problems with this text are marked. */
  async problemLines(text: RegExp): Promise<number[]> {
    const rows = this.page.locator(".markers-panel .monaco-list-row", { hasText: text });
    const places = await rows.locator(".marker-line").allInnerTexts();
    return places.map((place) => Number(/Ln (\d+)/.exec(place)?.[1]));
  }

  async showProblems(): Promise<void> {
    const view = this.page.locator(".markers-panel");
    if (!(await view.isVisible())) await this.command("Problems: Focus on Problems View");
    await view.waitFor();
  }

  async hideBottom(): Promise<void> {
    if (await this.page.locator(".markers-panel").isVisible()) await this.command("View: Hide Panel");
  }

  /** Puts the cursor into the first line with `text` of an open file, on the part that reads `at`, and opens the menu of quick fixes. */
  async openQuickFix(file: string, text: string, at: string | RegExp = /^[\d.]+$/): Promise<Locator> {
    await this.tab(file).click();
    const line = this.page
      .locator(".view-line", { hasText: new RegExp(escape(text).replace(/ /g, "\\s")) })
      .first();
    await line.locator("span span", { hasText: at }).first().click();
    await this.page.keyboard.press("Control+.");
    // A current VS Code keeps a submenu beside it, which looks like another.
    const menu = this.page.locator(".action-widget:not(.action-list-submenu-panel)");
    await menu.waitFor();
    return menu;
  }

  /** Applies the quick fix with this title at `text`, and saves. */
  async applyQuickFix(
    file: string,
    { text, at }: { readonly text: string; readonly at?: string },
    title: string | RegExp,
  ): Promise<void> {
    const menu = await this.openQuickFix(file, text, at);
    // The menu swallows clicks beside its focused row: it is used by keyboard, the fix being the preferred one.
    await menu.locator(".monaco-list-row.focused", { hasText: title }).waitFor();
    await this.page.keyboard.press("Enter");
    await menu.waitFor({ state: "hidden" });
    await this.page.keyboard.press("Control+S");
  }

  /** Switches to VS Code's own theme of a kind. */
  async useTheme(kind: ThemeKind): Promise<void> {
    const { label, shown } = themes[kind];
    const now = this.page.locator(`.monaco-workbench.${shown}`);
    if (await now.isVisible()) return;
    const rows = this.page.locator(".quick-input-list .monaco-list-row");
    for (let tries = 1; ; tries++) {
      await this.command("Preferences: Color Theme");
      // Its first row leads elsewhere; what is typed before the themes have come finds none of them.
      const come = await rows
        .nth(1)
        .waitFor({ timeout: 20_000 })
        .then(
          () => true,
          () => false,
        );
      if (come) break;
      // The list goes when something else takes the focus, as a window that has just opened may.
      if (tries === 4) throw new Error("the list of themes did not stay open");
      await this.page.keyboard.press("Escape");
    }
    await this.page.locator(quickInput).fill(label);
    await rows.filter({ hasText: label }).first().click();
    await now.waitFor();
  }

  /** Waits until nothing on the page, its frames included, waits to be drawn. */
  async settle(): Promise<void> {
    const twoFrames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";
    // A frame may go while it is asked.
    for (const frame of this.page.frames()) await frame.evaluate(twoFrames).catch(() => undefined);
  }

  get statusBar(): Locator {
    return this.page.locator(".statusbar");
  }

  panel(): Panel {
    return new Panel(this.page);
  }

  /** The view in VS Code's bottom panel. */
  currentRun({ only = false } = {}): Panel {
    return new Panel(this.page, only ? "only" : "view");
  }

  /** The table of runs, as a page like any other. */
  runsView(): Panel {
    return new Panel(this.page, "view");
  }

  /** Runs over one another. */
  comparison(): Panel {
    return new Panel(this.page, "dashboard");
  }

  /** The map of a sweep, where nothing else of Basin's is in sight. */
  sweepMap(): Panel {
    return new Panel(this.page, "dashboard");
  }

  /** An experiment file as a form. */
  dashboard(): Panel {
    return new Panel(this.page, "dashboard");
  }

  /** A button in the title bar of the editors. */
  titleAction(title: string): Locator {
    return this.page.locator(`.editor-actions a.action-label[aria-label^="${title}"]`).first();
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

/** Waits a minute at most. No `expect.poll`: `npm run measure` uses this page object without a test runner. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`Waited in vain for ${what}.`);
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
