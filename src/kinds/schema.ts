// Puts the JSON Schema of experiments together from what every kind declares.
import { dataDefinitions, sources } from "../data";
import { losses } from "../losses";
import { probes } from "../measure";
import { activations, layers, modelDefinitions, models, onnxSpec } from "../models";
import { optimizerDefinitions, optimizers, schedules } from "../optimizers";
import type { SchemaNode } from "../protocol/experimentSchema";
import { ref, type Fragment, type LayerFragment } from "../protocol/fragment";
import { localKeys } from "../protocol/localSettings";
import { experimentKeys, experimentSnippets, frameDefinitions, processKeys } from "./frame";

type Definitions = Record<string, SchemaNode>;

/** "two-minima" → "TwoMinima". */
export const pascal = (word: string): string =>
  word.replace(/(^|[-_ ])([a-z0-9])/g, (_match, _dash, letter: string) => letter.toUpperCase());

/** A part of an experiment whose keys depend on its kind. */
export interface Family {
  /** Name of the definition, and with the kind's name behind it of each kind's own. */
  readonly name: string;
  /** The key that says the kind. */
  readonly key: "kind" | "source";
  readonly about: string;
  readonly keyAbout: string;
  /** Kind of a part that names none. */
  readonly standard?: string;
  readonly kinds: Readonly<Record<string, Fragment>>;
  /** Kinds that are told by a key of their own, which they have in place of `key`. */
  readonly others?: Readonly<Record<string, Fragment>>;
}

export const families: readonly Family[] = [
  {
    name: "data",
    key: "source",
    about: "Where the training and test examples come from; `source` decides the other keys.",
    keyAbout: "Kind of data set.",
    kinds: Object.fromEntries(sources.map(({ source, spec }) => [source, spec])),
  },
  {
    name: "model",
    key: "kind",
    about: "The network; `kind` decides the other keys. Inputs and outputs come from the data.",
    keyAbout: "Kind of network.",
    standard: "mlp",
    kinds: Object.fromEntries(models.map(({ kind, spec }) => [kind, spec])),
    others: { onnx: onnxSpec },
  },
  {
    name: "optimizer",
    key: "kind",
    about: "How the weights are updated; `kind` decides the other keys.",
    keyAbout: "Kind of optimizer.",
    standard: "sgd",
    kinds: specsOf(optimizers),
  },
  {
    name: "schedule",
    key: "kind",
    about: "How the learning rate changes over training. Default: it does not.",
    keyAbout: "Kind of schedule. Each may start with a linear warm-up.",
    standard: "constant",
    kinds: specsOf(schedules),
  },
];

function specsOf<Spec>(records: Readonly<Record<string, { readonly spec: Spec }>>): Record<string, Spec> {
  return Object.fromEntries(Object.entries(records).map(([name, { spec }]) => [name, spec]));
}

/** Name of the definition that holds a kind's keys. */
export const definitionOf = (family: string, kind: string): string => family + pascal(kind);

function familyDefinitions({
  name,
  key,
  about,
  keyAbout,
  standard,
  kinds,
  others = {},
}: Family): Definitions {
  const names = Object.keys(kinds);
  const outer = Object.keys(others);
  const condition = (kind: string): SchemaNode => ({
    properties: {
      [key]: { const: kind },
      ...(kind === standard ? Object.fromEntries(outer.map((other) => [other, false])) : {}),
    },
    ...(kind === standard ? {} : { required: [key] }),
  });
  const part: SchemaNode = {
    type: "object",
    description: about,
    ...(standard === undefined ? { required: [key] } : {}),
    properties: {
      [key]: {
        enum: names,
        enumDescriptions: names.map((kind) => kinds[kind].about),
        ...(standard === undefined ? {} : { default: standard }),
        description: keyAbout,
      },
      ...Object.fromEntries(outer.map((other) => [other, others[other].properties[other]])),
    },
    allOf: [
      ...outer.map((other) => ({
        if: { properties: { [other]: true }, required: [other] },
        then: ref(definitionOf(name, other)),
      })),
      ...names.map((kind) => ({ if: condition(kind), then: ref(definitionOf(name, kind)) })),
    ],
    defaultSnippets: [...Object.values(kinds), ...Object.values(others)].flatMap(
      ({ snippets = [] }) => snippets,
    ),
  };
  const own = Object.entries(kinds).map(([kind, fragment]) => [
    definitionOf(name, kind),
    keysOf(fragment, { [key]: true }, standard === kind ? [] : [key]),
  ]);
  const told = outer.map((other) => [
    definitionOf(name, other),
    keysOf(others[other], { [other]: true }, []),
  ]);
  return { [name]: part, ...(Object.fromEntries([...own, ...told]) as Definitions) };
}

const keysOf = (
  { description, required = [], properties }: Fragment,
  told: Readonly<Record<string, true>>,
  needed: readonly string[],
): SchemaNode => ({
  type: "object",
  ...(required.length + needed.length > 0 ? { required: [...needed, ...required] } : {}),
  additionalProperties: false,
  ...(description === undefined ? {} : { markdownDescription: description }),
  properties: { ...properties, ...told },
});

/** A choice of words, each with a line about it; the first is the default where there is one. */
const choice = (
  words: Readonly<Record<string, { readonly about: string }>>,
  more: SchemaNode,
): SchemaNode => ({
  enum: Object.keys(words),
  enumDescriptions: Object.values(words).map(({ about }) => about),
  ...more,
});

function layerDefinitions(): Definitions {
  const specs = specsOf<LayerFragment>(layers);
  const all = Object.entries(specs);
  const withOptions = all.flatMap(([name, { about, options }]) =>
    options ? [[name, { ...options, description: about }] as const] : [],
  );
  return {
    layer: {
      title: 'a layer such as "relu" or { "dense": 10 }',
      anyOf: [choice(Object.fromEntries(all.filter(([, { bare }]) => bare)), {}), ref("layerWithOptions")],
      description: "A layer: its name, or { name: options }.",
    },
    layerWithOptions: {
      type: "object",
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: Object.fromEntries(withOptions),
    },
    activation: choice(specsOf<LayerFragment>(activations), {
      description: "What is applied between the layers.",
    }),
  };
}

/** Of a trainer only the interpreter is one person's. */
function ofOnePerson(key: (typeof localKeys)[number], node: SchemaNode): SchemaNode {
  if (key !== "trainer") return node;
  const { interpreter } = node.properties!;
  return {
    type: "object",
    additionalProperties: false,
    description: "Of experiments with a script.",
    properties: { interpreter },
  };
}

/** The schema of `.basin/local.json`: some of the experiment's own keys. */
export function localSchemaOf(): SchemaNode & { readonly definitions: Definitions } {
  const { $schema, allowComments, allowTrailingCommas, properties, definitions } = experimentSchemaOf();
  return {
    $schema,
    title: "Basin settings of one person",
    description: "Laid over every experiment of this workspace, and kept out of git.",
    allowComments,
    allowTrailingCommas,
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(["$schema", ...localKeys].map((key) => [key, properties![key]])),
    definitions: Object.fromEntries(localKeys.map((key) => [key, ofOnePerson(key, definitions[key])])),
  };
}

/** The whole schema, as `basin.schema.json` holds it. */
export function experimentSchemaOf(): SchemaNode & { readonly definitions: Definitions } {
  const kinds = Object.assign({}, ...families.map(familyDefinitions)) as Definitions;
  const lossWords = specsOf(losses);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Basin experiment",
    description: "A training run that Basin launches and inspects. Paths are relative to this file.",
    allowComments: true,
    allowTrailingCommas: true,
    type: "object",
    additionalProperties: false,
    allOf: [{ if: { properties: { trainer: false } }, then: { required: ["data", "model", "optimizer"] } }],
    properties: {
      ...experimentKeys,
      data: ref("data"),
      model: ref("model"),
      loss: ref("loss"),
      optimizer: ref("optimizer"),
      ...processKeys,
    },
    defaultSnippets: experimentSnippets,
    definitions: {
      ...kinds,
      ...dataDefinitions,
      ...modelDefinitions,
      ...layerDefinitions(),
      ...optimizerDefinitions,
      loss: choice(lossWords, {
        default: Object.keys(lossWords)[0],
        description: "Training loss. Class labels become one-hot targets for the first two.",
      }),
      probes: {
        type: "object",
        additionalProperties: false,
        default: { sharpness: {}, noise: {}, generalization: {} },
        description:
          "What is measured while training. Only the probes listed are taken; without this key all are, at their defaults.",
        properties: Object.fromEntries(
          probes.map(({ id, spec }) => [id, { type: "object", additionalProperties: false, ...spec }]),
        ),
      },
      ...frameDefinitions,
    },
  };
}
