// SVG to PNG, by resvg in WebAssembly with a font of our own: no browser, no font of the system, the same pixels everywhere.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { initWasm, Resvg } from "@resvg/resvg-wasm";

/** Pixels for each unit of the picture: sharp on a dense screen. */
const density = 2;
/** RGBA of more pixels takes more than 200 MB: a picture of very many charts is drawn smaller. */
const mostPixels = 50e6;
/** DejaVu has the Greek letters and signs of our labels; what it lacks (Chinese, say) is drawn as a box. */
const family = "DejaVu Sans";

let ready: Promise<void> | undefined;

/** The picture of an SVG of ours on its own background, as the bytes of a PNG. @param folder  Where renderer and font are. */
export async function rasterize(svg: string, folder = join(__dirname, "png")): Promise<Uint8Array> {
  const fileOf = (name: string): Uint8Array => readFileSync(join(folder, name));
  ready ??= initWasm(fileOf("resvg.wasm"));
  await ready;
  const font = {
    fontBuffers: [fileOf("DejaVuSans.ttf")],
    defaultFontFamily: family,
    sansSerifFamily: family,
  };
  const { width, height } = new Resvg(svg, { font });
  const value = Math.min(density, Math.sqrt(mostPixels / (width * height)));
  return new Resvg(svg, { font, fitTo: { mode: "zoom", value } }).render().asPng();
}
