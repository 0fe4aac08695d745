// Where an inline panel stands, as it is kept over a reload and named by links and hints.
import { chartedSettings, type ChartedSetting } from "../../record/settingChart";

export interface InlinePlace {
  readonly uri: string;
  readonly setting: ChartedSetting;
  readonly line: number;
  readonly character: number;
}

/** Kept by an earlier version, or by nobody: what is no place is passed over. */
export function decodePlaces(raw: unknown): InlinePlace[] {
  if (!Array.isArray(raw)) return [];
  return raw.flatMap((one: unknown) => decodePlace(one) ?? []);
}

/** A place that a link or a hint names. */
export function decodePlace(raw: unknown): InlinePlace | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const { uri, setting, line, character } = raw as Record<string, unknown>;
  const known = chartedSettings.find((one) => one === setting);
  if (typeof uri !== "string" || !known || !isCount(line) || !isCount(character)) return undefined;
  return { uri, setting: known, line, character };
}

const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
