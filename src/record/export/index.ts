// Every format a run can be exported to. A new one is a file and a line here.
import { csvExporter } from "./csv";
import type { Exporter } from "./exporter";
import { htmlExporter } from "./html";
import { pngExporter } from "./png";
import { svgExporter } from "./svgPage";
import { tensorboardExporter } from "./tensorboard";

export const exporters: readonly Exporter[] = [
  csvExporter,
  tensorboardExporter,
  htmlExporter,
  svgExporter,
  pngExporter,
];
