// The picture of svgPage.ts as pixels, for where no SVG is taken: slides, chats, issues.
import type { Exporter } from "./exporter";
import { svgPage } from "./svgPage";

export const pngExporter: Exporter = {
  format: "png",
  summary: "the same picture as pixels, for slides and chats",
  fileName: (base) => `${base}.png`,
  parts: async (runs, { rasterize }) => [{ path: "", data: [await rasterize(svgPage(runs))] }],
};
