// Everything that stands inline in a file: hints, sparklines, hovers, lenses. The inline panel is opened from them.
import type { Disposables } from "../disposables";
import type { Services } from "../services";
import { registerHints } from "./hints";
import { registerHover } from "./hover";
import { registerInlineLenses } from "./lenses";
import { registerSparklines } from "./sparklines";

export function registerInline(services: Services, own: Disposables): void {
  registerHints(services, own);
  registerSparklines(services, own);
  registerHover(services, own);
  registerInlineLenses(services, own);
}
