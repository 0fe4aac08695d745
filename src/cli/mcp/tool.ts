// What a tool is: a name, the arguments it takes, and what it answers. A user's mistake is an answer too, in Basin's words.
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { z } from "zod";
import { answerText } from "./bounded";
import { messageOf } from "./messageOf";
import type { Served } from "./served";

interface Asked {
  /** Aborted when the client no longer wants the answer. */
  readonly signal: AbortSignal;
  /** Says what is being done, to a client that wants to know. */
  readonly progress: (message: string) => void;
}

interface ToolSpec<Input extends z.ZodObject> {
  readonly name: string;
  readonly description: string;
  /** Whether it trains or stops something: such tools are there only where the user allows it. */
  readonly writes: boolean;
  readonly input: Input;
  readonly run: (
    served: Served,
    input: z.infer<Input>,
    asked: Asked,
  ) => Promise<Readonly<Record<string, unknown>>>;
}

export interface Tool {
  readonly writes: boolean;
  readonly register: (server: McpServer, served: Served) => void;
}

export function defineTool<Input extends z.ZodObject>(spec: ToolSpec<Input>): Tool {
  const { name, description, input, writes } = spec;
  return {
    writes,
    register: (server, served) => {
      const annotations = { readOnlyHint: !writes, destructiveHint: false, openWorldHint: false };
      server.registerTool(
        name,
        { description, inputSchema: input.shape, annotations },
        async (given, { signal, sendNotification, _meta }) => {
          const progressToken = _meta?.progressToken;
          let told = 0;
          const progress = (message: string): void => {
            if (progressToken === undefined) return;
            const params = { progressToken, progress: ++told, message };
            // A client that has gone hears nothing.
            sendNotification({ method: "notifications/progress", params }).catch(() => undefined);
          };
          try {
            const answer = await spec.run(served, input.parse(given), { signal, progress });
            return { content: [{ type: "text", text: answerText(answer) }] };
          } catch (error) {
            return { content: [{ type: "text", text: messageOf(error) }], isError: true };
          }
        },
      );
    },
  };
}
