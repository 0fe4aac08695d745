// A chart as a picture of its own: title, legend and plot on the editor's background, copied or handed to the host to be saved.
import type { Theme } from "../theme";

export interface Pictured {
  readonly title: string;
  /** In words, or one text for each line of the chart with its colour. */
  readonly legend: string | readonly { readonly text: string; readonly color: string }[];
  readonly canvas: HTMLCanvasElement;
}

/** In CSS pixels. */
const margin = 12;
const lineHeight = 18;

/** Draws it anew on a canvas of its own, as sharp as the one on the screen. */
export function pictureOf({ title, legend, canvas }: Pictured, theme: Theme): HTMLCanvasElement {
  const ratio = devicePixelRatio;
  const made = document.createElement("canvas");
  const width = canvas.width / ratio + 2 * margin;
  const context = made.getContext("2d");
  const entries = typeof legend === "string" ? [{ text: legend, color: theme.color("muted") }] : legend;
  if (!context) return made;
  context.font = theme.font;
  const rows = wrapped(entries, (text) => context.measureText(text).width, width - 2 * margin);
  const top = margin + (1 + rows.length) * lineHeight;
  made.width = Math.round(width * ratio);
  made.height = Math.round(top * ratio + canvas.height + margin * ratio);
  context.fillStyle = theme.color("background");
  context.fillRect(0, 0, made.width, made.height);
  context.scale(ratio, ratio);
  context.textBaseline = "middle";
  context.fillStyle = theme.color("foreground");
  context.font = `bold ${theme.font.replace("11px", "13px")}`;
  context.fillText(title, margin, margin + lineHeight / 2);
  context.font = theme.font;
  for (const { text, color, x, row } of rows.flat()) {
    context.fillStyle = color;
    context.fillText(text, margin + x, margin + (row + 1.5) * lineHeight);
  }
  context.drawImage(canvas, margin, top, canvas.width / ratio, canvas.height / ratio);
  return made;
}

interface Placed {
  readonly text: string;
  readonly color: string;
  readonly x: number;
  readonly row: number;
}

/** Entries one after another in rows no wider than there is room; a long text breaks between its words. */
export function wrapped(
  entries: readonly { readonly text: string; readonly color: string }[],
  widthOf: (text: string) => number,
  room: number,
): Placed[][] {
  const words =
    entries.length === 1 ? entries[0].text.split(" ").map((text) => ({ ...entries[0], text })) : entries;
  const gap = entries.length === 1 ? widthOf(" ") : 2 * widthOf("m");
  const rows: Placed[][] = [[]];
  let x = 0;
  for (const { text, color } of words) {
    const width = widthOf(text);
    if (x > 0 && x + width > room) {
      rows.push([]);
      x = 0;
    }
    rows[rows.length - 1].push({ text, color, x, row: rows.length - 1 });
    x += width + gap;
  }
  return rows;
}

const blobOf = (picture: HTMLCanvasElement): Promise<Blob> =>
  new Promise((done, fail) => {
    picture.toBlob((blob) => {
      if (blob) done(blob);
      else fail(new Error("the picture could not be made"));
    }, "image/png");
  });

/** Into the clipboard. @throws where the browser does not allow it. */
export async function copyPicture(picture: HTMLCanvasElement): Promise<void> {
  await navigator.clipboard.write([new ClipboardItem({ "image/png": blobOf(picture) })]);
}

/** As a PNG in base64, for the host to save. */
export const pngOf = (picture: HTMLCanvasElement): string =>
  picture.toDataURL("image/png").split(",")[1] ?? "";
