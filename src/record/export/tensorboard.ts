// Runs as TensorBoard event files: a folder a run, a record a reading, settings and verdict as text.
import { buf as crc32c } from "crc-32/crc32c";
import { Root } from "protobufjs/light";
import { stringify } from "../../protocol/numbers";
import { inOrder } from "../summary";
import type { Exporter, ExportedRun } from "./exporter";

/** What of tensorflow/core/util/event.proto and summary.proto is written, with the numbers those give. */
const { Event } = (() => {
  const root = Root.fromJSON({
    nested: {
      PluginData: { fields: { pluginName: { type: "string", id: 1 } } },
      Metadata: {
        fields: { plugin: { type: "PluginData", id: 1 }, description: { type: "string", id: 3 } },
      },
      Dim: { fields: { size: { type: "int64", id: 1 } } },
      Shape: { fields: { dim: { rule: "repeated", type: "Dim", id: 2 } } },
      Tensor: {
        fields: {
          dtype: { type: "int32", id: 1 },
          shape: { type: "Shape", id: 2 },
          stringVal: { rule: "repeated", type: "bytes", id: 8 },
        },
      },
      Value: {
        fields: {
          tag: { type: "string", id: 1 },
          simpleValue: { type: "float", id: 2 },
          tensor: { type: "Tensor", id: 8 },
          metadata: { type: "Metadata", id: 9 },
        },
      },
      Summary: { fields: { value: { rule: "repeated", type: "Value", id: 1 } } },
      Event: {
        fields: {
          wallTime: { type: "double", id: 1 },
          step: { type: "int64", id: 2 },
          fileVersion: { type: "string", id: 3 },
          summary: { type: "Summary", id: 5 },
        },
      },
    },
  });
  return { Event: root.lookupType("Event") };
})();

/** Of DataType in types.proto. */
const stringType = 7;

/** The masked checksum of TensorFlow's record format. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * An event as a record: length, its checksum, the bytes, their checksum.
 * @source tensorflow/core/lib/io/record_writer.h, "Format of a single record".
 */
function record(event: object): Uint8Array {
  const data = Event.encode(Event.fromObject(event)).finish();
  const bytes = Buffer.alloc(12 + data.length + 4);
  bytes.writeBigUInt64LE(BigInt(data.length));
  bytes.writeUInt32LE(maskedCrc(bytes.subarray(0, 8)), 8);
  bytes.set(data, 12);
  bytes.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return bytes;
}

/** "loss.train" → "loss/train": TensorBoard groups by what stands before the first slash. */
const tagOf = (name: string): string => name.replace(".", "/");

function text(tag: string, words: string): object {
  return {
    tag,
    tensor: { dtype: stringType, shape: { dim: [{ size: 1 }] }, stringVal: [Buffer.from(words)] },
    metadata: { plugin: { pluginName: "text" } },
  };
}

function* events({ info, series, verdict }: ExportedRun): Generator<Uint8Array> {
  const start = Date.parse(info.created) / 1000 || 0;
  yield record({ wallTime: start, fileVersion: "brain.Event:2" });
  const settings = `    ${stringify(info.experiment, 2).replaceAll("\n", "\n    ")}`;
  const said = [text("settings", settings)];
  if (verdict) said.push(text("verdict", [verdict.summary, ...verdict.reasons].join("\n\n")));
  yield record({ wallTime: start, step: 0, summary: { value: said } });
  const described = new Set<string>();
  for (const name of inOrder(series.columns.keys())) {
    const { steps, values } = series.column(name);
    const { label, about } = series.infoOf(name);
    for (let i = 0; i < steps.length; i++) {
      const value = { tag: tagOf(name), simpleValue: values[i] };
      // Only the first record of a tag says what it is.
      const metadata = {
        plugin: { pluginName: "scalars" },
        description: about ? `${label}: ${about}` : label,
      };
      const told = described.has(name) ? value : { ...value, metadata };
      described.add(name);
      const wallTime = start + (series.clock.at(steps[i]) ?? 0);
      yield record({ wallTime, step: steps[i], summary: { value: [told] } });
    }
  }
}

/** File names say when, in seconds, and by whom; TensorBoard takes any file with "tfevents" in its name. */
const fileOf = ({ info }: ExportedRun): string =>
  `events.out.tfevents.${Math.floor(Date.parse(info.created) / 1000) || 0}.basin`;

export const tensorboardExporter: Exporter = {
  format: "tensorboard",
  summary: "event files, a folder a run: tensorboard --logdir PATH",
  isFolder: true,
  fileName: (base) => `${base}-tensorboard`,
  parts: (runs) => runs.map((run) => ({ path: `${run.info.id}/${fileOf(run)}`, data: events(run) })),
};
