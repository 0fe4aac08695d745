// Writes `factors/step-<n>.safetensors` as a script does: float64 tensors by the format's own description, in a dozen lines.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Written {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function factorBytes(
  tensors: Readonly<Record<string, Written>>,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  let end = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const start = end;
    end += data.byteLength;
    header[name] = { dtype: "F64", shape, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const values = Object.values(tensors).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  return Buffer.concat([size, text, ...values]);
}

export function writeFactors(run: string, step: number, bytes: Uint8Array): void {
  mkdirSync(join(run, "factors"), { recursive: true });
  writeFileSync(join(run, "factors", `step-${step}.safetensors`), bytes);
}

export interface ScriptRun {
  readonly optimizer: Readonly<Record<string, unknown>>;
  readonly header: Readonly<Record<string, unknown>>;
  /** Events behind the header. */
  readonly events: readonly object[];
  readonly experiment?: Readonly<Record<string, unknown>>;
}

/** A run folder as a script makes it that was started by hand. */
export function writeScriptRun(folder: string, { optimizer, header, events, experiment }: ScriptRun): void {
  mkdirSync(folder, { recursive: true });
  const info = {
    schema: 1,
    id: "20260102-030405-train-lr0.1-b2",
    experiment: {
      name: "train",
      trainer: { python: "/somewhere/train.py", args: ["--lr", "0.1"] },
      optimizer,
      settings: { width: 8 },
      probes: {},
      ...experiment,
    },
    file: "",
    overrides: {},
    created: "2026-01-02T03:04:05.000Z",
    handle: { on: "external", host: "elsewhere" },
    resumed: [],
    versions: { torch: "2.13.0" },
    machine: { platform: "linux-x64", cpu: "", cores: 2, memory: 1, host: "elsewhere" },
    git: null,
  };
  writeFileSync(join(folder, "run.json"), JSON.stringify(info));
  const first = {
    kind: "header",
    schema: 1,
    id: info.id,
    name: "train",
    engine: "torch 2.13.0",
    probes: ["sharpness", "noise"],
    ...header,
  };
  writeFileSync(
    join(folder, "events.jsonl"),
    [first, ...events].map((event) => `${JSON.stringify(event)}\n`).join(""),
  );
}
