// The model that is a list of layers as the experiment writes it.
import { ref } from "../protocol/fragment";
import { defineModel } from "./define";
import { startKeys } from "./shared";

export const listed = defineModel("sequential", {
  spec: {
    about: "Any list of layers.",
    required: ["layers"],
    properties: { layers: ref("layers"), ...startKeys },
    snippets: [
      {
        label: "sequential",
        body: {
          kind: "sequential",
          layers: [
            { conv2d: { filters: "^${1:8}", kernel: 3, padding: "same" } },
            "relu",
            { maxPool2d: 2 },
            "flatten",
            "dense",
          ],
        },
      },
    ],
  },
  layers: ({ layers }) => layers,
});
