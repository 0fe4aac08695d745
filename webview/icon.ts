// Small pictures on buttons, drawn in the text's colour: a path each, on a field of 16 by 16.
const paths = {
  maximize: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  restore: "M6 2v4H2M14 6h-4V2M10 14v-4h4M2 10h4v4",
  copy: "M5 5h9v9H5zM3 11H2V2h9v1",
  menu: "M3 8h.01M8 8h.01M13 8h.01",
} as const;

export type IconName = keyof typeof paths;

const svg = "http://www.w3.org/2000/svg";

/** Hidden from screen readers: the button has a label of its own. */
export function icon(name: IconName): SVGElement {
  const element = document.createElementNS(svg, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }))
    element.setAttribute(key, value);
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", paths[name]);
  element.append(path);
  return element;
}
