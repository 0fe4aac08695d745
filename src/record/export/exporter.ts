// The shape of an export: runs in, files out. Each format is one file; the registry in index.ts lists them.
import type { RunView } from "../runView";

/** A run with what it is called beside the others. */
export interface ExportedRun extends RunView {
  readonly label: string;
}

interface ExportedFile {
  /** Below the export's folder; "" where the export is one file. */
  readonly path: string;
  readonly data: Iterable<string | Uint8Array>;
}

/** What an export may need of the machine it is made on. */
interface ExportTools {
  /** An SVG as the bytes of a PNG. */
  readonly rasterize: (svg: string) => Promise<Uint8Array>;
}

export interface Exporter {
  readonly format: string;
  /** One line for the help. */
  readonly summary: string;
  /** Name of the file, or of the folder, for runs whose common name is `base`. */
  readonly fileName: (base: string) => string;
  /** Whether it writes a folder of files. */
  readonly isFolder?: boolean;
  /** One file whose path is "", or those of a folder. @throws UserError where the runs hold nothing to show. */
  readonly parts: (
    runs: readonly ExportedRun[],
    tools: ExportTools,
  ) => readonly ExportedFile[] | Promise<readonly ExportedFile[]>;
}
