// README's tables of commands and settings, made of what package.json contributes. Pure.

interface Item {
  readonly command: string;
  readonly when?: string;
}

export interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: Readonly<Record<string, readonly Item[]>>;
    readonly keybindings: readonly (Item & { readonly key: string })[];
    readonly configuration: { readonly properties: Readonly<Record<string, Setting>> };
  };
}

interface Setting {
  readonly default: string | number | boolean | null;
  readonly order: number;
  readonly markdownDescription: string;
  readonly enum?: readonly string[];
}

/** Where a menu is, in words; of the tree's rows it depends on which row. */
const menuWords: Readonly<Record<string, (item: Item) => string>> = {
  "editor/title/run": () => "the file's title",
  "editor/title": () => "the file's title",
  "editor/context": () => "the file's menu",
  "explorer/context": () => "the explorer's menu",
  "view/title": () => "the view's title",
  "view/item/context": ({ when = "" }) => (/viewItem == experiment/.test(when) ? "an experiment" : "a run"),
  "webview/context": () => "a run in the table",
  "comments/commentThread/title": () => "the inline panel",
  "comments/commentThread/additionalActions": () => "the inline panel",
};

/** "Ctrl+K Alt+R" */
const keyText = (key: string): string =>
  key
    .split(" ")
    .map((chord) =>
      chord.replace(/(^|\+)([a-z])/g, (_, plus: string, letter: string) => plus + letter.toUpperCase()),
    )
    .join(" ");

export function commandTable({ contributes: { commands, menus, keybindings } }: Manifest): string {
  const inPalette = (id: string) =>
    !menus.commandPalette.some(({ command, when }) => command === id && when === "false");
  const rows = commands.map(({ command: id, title }) => {
    const places = Object.entries(menus).flatMap(([menu, items]) =>
      items.flatMap((item) => (item.command === id && menuWords[menu] ? [menuWords[menu](item)] : [])),
    );
    const where = [...(inPalette(id) ? ["palette"] : []), ...new Set(places)].join(", ");
    const keys = keybindings.filter(({ command }) => command === id).map(({ key }) => `\`${keyText(key)}\``);
    return `| ${title} | ${where} | ${keys.join(" ")} |`;
  });
  return ["| command | offered by | key |", "|---|---|---|", ...rows.sort()].join("\n");
}

export function settingTable({ contributes: { configuration } }: Manifest): string {
  const rows = Object.entries(configuration.properties)
    .sort(([, a], [, b]) => a.order - b.order)
    .map(([name, setting]) => {
      const choices = setting.enum ? ` One of ${setting.enum.map((one) => `\`${one}\``).join(", ")}.` : "";
      const text = `${setting.markdownDescription}${choices}`.replaceAll("|", "\\|");
      const value = setting.default === null ? "" : `\`${String(setting.default)}\``;
      return `| \`${name}\` | ${value} | ${text} |`;
    });
  return ["| setting | default | what it does |", "|---|---|---|", ...rows].join("\n");
}

/** README with its tables as the manifest has them. @throws Error where README has no place for one. */
export function withTables(readme: string, manifest: Manifest): string {
  const tables = { commands: commandTable(manifest), settings: settingTable(manifest) };
  return Object.entries(tables).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- ${name}: npm run tables -->\\n)[^]*?(<!-- /${name} -->)`);
    if (!place.test(text)) throw new Error(`README.md has no place for the ${name}.`);
    return text.replace(place, (_, before: string, after: string) => `${before}\n${table}\n\n${after}`);
  }, readme);
}
