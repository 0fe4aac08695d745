// What checks a value against the schema. The bundles hold the code that Ajv makes of this module instead (esbuild.mjs): making it takes
// longer than all else that a small run does before its first step.
import Ajv, { type ValidateFunction } from "ajv";
import { experimentSchema } from "./experimentSchema";

/** The schema's validator and what made it. Costs some hundred milliseconds where it is compiled. */
export function compileSchema(): { readonly validate: ValidateFunction; readonly ajv: Ajv } {
  const ajv = new Ajv({
    allErrors: true,
    // What is wrong is said in our words.
    messages: false,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    code: { source: true },
  }).addVocabulary([
    "allowComments",
    "allowTrailingCommas",
    "defaultSnippets",
    "doNotSuggest",
    "enumDescriptions",
    "markdownDescription",
  ]);
  return { validate: ajv.compile(experimentSchema), ajv };
}
