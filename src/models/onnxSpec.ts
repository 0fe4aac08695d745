// What an experiment may write about a network from an ONNX file.
import { ref, type Fragment } from "../protocol/fragment";

export const onnxSpec: Fragment = {
  about: "A network of your own, from an ONNX file.",
  required: ["onnx"],
  properties: {
    onnx: ref("path", {
      description:
        "In place of `kind`: a network of your own, an ONNX file relative to this one, e.g. from torch.onnx.export. Its float initializers that act as weights are the parameters, in their own names, and training starts from their values.",
    }),
    train: {
      type: "array",
      uniqueItems: true,
      minItems: 1,
      items: { type: "string", minLength: 1 },
      description:
        "Names of the initializers that are trained, and no others; * stands for any text. Without it, those that act as weights.",
      examples: [["layer1.*"]],
    },
    freeze: {
      type: "array",
      uniqueItems: true,
      items: { type: "string", minLength: 1 },
      description:
        "Names of initializers that are not trained, such as fixed position codes; * stands for any text. Running statistics of batch normalization never are.",
      examples: [["position", "val_*"]],
    },
    weights: ref("weights"),
    names: ref("names"),
  },
  snippets: [{ label: "onnx: a network of your own", body: { onnx: "${1:net.onnx}" } }],
};
