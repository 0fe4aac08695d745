// The picture of bench/README.md: one panel per axis, time on the left, peak memory on the right, both logarithmic.

export interface Panel {
  readonly label: string;
  readonly rows: readonly {
    readonly x: number;
    readonly gradient: number;
    readonly product: number;
    readonly noise: number;
    readonly gram: number | null;
    readonly pairs: number;
    readonly memory: number;
  }[];
}

/** Okabe & Ito's colours: told apart by everyone, on white and on black. */
const series = [
  { key: "gradient", name: "gradient", color: "#0072b2" },
  { key: "product", name: "Hv", color: "#e69f00" },
  { key: "noise", name: "Σv", color: "#009e73" },
  { key: "gram", name: "Gram matrix", color: "#cc79a7" },
  { key: "pairs", name: "top k eigenpairs", color: "#d55e00" },
] as const;

const [width, height, gap, left, top] = [300, 220, 70, 64, 56];

const powers = (from: number, to: number): number[] =>
  Array.from({ length: Math.floor(Math.log10(to) + 1e-9) - Math.ceil(Math.log10(from) - 1e-9) + 1 }, (_, i) =>
    Number(`1e${Math.ceil(Math.log10(from) - 1e-9) + i}`),
  );
const scale = (from: number, to: number, start: number, end: number) => (x: number) =>
  start + ((Math.log(x) - Math.log(from)) / (Math.log(to) - Math.log(from))) * (end - start);
const seconds = (x: number): string => (x < 1e-3 ? `${x * 1e6} µs` : x < 1 ? `${x * 1e3} ms` : `${x} s`);

/** An SVG of all panels, two a row. Text and axes take the reader's colour scheme. */
export function growthPicture(panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / 2);
  const [W, H] = [2 * (width + left + gap), rows * (height + 90) + top];
  const parts = panels.map((panel, i) => {
    const x = left + (i % 2) * (width + left + gap);
    const y = top + Math.floor(i / 2) * (height + 90);
    return `<g transform="translate(${x} ${y})">${drawPanel(panel)}</g>`;
  });
  let at = left;
  const legend = [
    ...series.map(({ name, color }) => ({ name, color, dash: "" })),
    { name: "peak memory (right)", color: "#888", dash: "4 3" },
  ]
    .map(({ name, color, dash }) => {
      const x = at;
      at += 50 + 7 * name.length;
      return `<g transform="translate(${x} 22)"><line x2="20" y1="-4" y2="-4" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash}"/><text x="26">${name}</text></g>`;
    })
    .join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${W} ${H}" width="${W}" height="${H}" role="img" aria-label="Time and memory against examples, parameters, outputs, eigenpairs, filters of a convolution and positions of self-attention">
<style>text{font:12px system-ui,sans-serif;fill:#333}.axis{stroke:#888}.grid{stroke:#8883}.end{text-anchor:end}.mid{text-anchor:middle}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>
${legend}
${parts.join("\n")}
</svg>
`;
}

function drawPanel({ label, rows }: Panel): string {
  const xs = rows.map(({ x }) => x);
  const times = rows
    .flatMap((row) => series.map(({ key }) => row[key]))
    .filter((t): t is number => t !== null);
  const [low, high] = [
    10 ** Math.floor(Math.log10(Math.min(...times))),
    10 ** Math.ceil(Math.log10(Math.max(...times))),
  ];
  const X = scale(xs[0], xs[xs.length - 1], 0, width);
  const Y = scale(low, high, height, 0);
  const memories = rows.map(({ memory }) => memory).filter(Number.isFinite);
  const [least, most] = [
    10 ** Math.floor(Math.log10(Math.min(...memories, 100))),
    10 ** Math.ceil(Math.log10(Math.max(...memories, 1000))),
  ];
  const M = scale(least, most, height, 0);
  const line = (points: readonly (readonly [number, number])[], color: string, dash = ""): string =>
    `<polyline fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}" points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")}"/>${points.map(([x, y]) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.5" fill="${color}"/>`).join("")}`;
  const curves = series.map(({ key, color }) =>
    line(
      rows.flatMap((row) => (row[key] === null ? [] : [[X(row.x), Y(row[key])] as const])),
      color,
    ),
  );
  const memory = line(
    rows.flatMap((row) => (Number.isFinite(row.memory) ? [[X(row.x), M(row.memory)] as const] : [])),
    "#888",
    "4 3",
  );
  const grid = powers(low, high).map(
    (t) =>
      `<line class="grid" x2="${width}" y1="${Y(t)}" y2="${Y(t)}"/><text class="end" x="-8" y="${Y(t) + 4}">${seconds(t)}</text>`,
  );
  const ticks = xs.map(
    (x, i) =>
      `<line class="axis" x1="${X(x)}" x2="${X(x)}" y1="${height}" y2="${height + 4}"/>${i % 2 === 0 ? `<text class="mid" x="${X(x)}" y="${height + 18}">${x >= 10000 ? `${Math.round(x / 1000)}k` : x}</text>` : ""}`,
  );
  const right = powers(least, most).map(
    (m) => `<text x="${width + 8}" y="${M(m) + 4}">${m >= 1000 ? `${m / 1000} GB` : `${m} MB`}</text>`,
  );
  return [
    ...grid,
    `<line class="axis" y2="${height}"/><line class="axis" x2="${width}" y1="${height}" y2="${height}"/>`,
    ...ticks,
    ...right,
    `<text class="mid" x="${width / 2}" y="${height + 40}" font-weight="600">${label}</text>`,
    memory,
    ...curves,
  ].join("");
}
