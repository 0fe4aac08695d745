// Every tool, in the order a client sees them. A new one is a file and a line here.
import type { Tool } from "../tool";
import { compare } from "./compare";
import { judge } from "./judge";
import { list } from "./list";
import { measure } from "./measure";
import { read } from "./read";
import { run } from "./run";
import { stop } from "./stop";
import { suggest } from "./suggest";

export const tools: readonly Tool[] = [list, read, compare, measure, suggest, judge, run, stop];
