// What an experiment may write about a network from an ONNX file.
import { ref, type Fragment } from "../protocol/fragment";

export const onnxSpec: Fragment = {
  about: "A network of your own, from an ONNX file.",
  required: ["onnx"],
  properties: {
    onnx: ref("path", {
      description:
        "In place of `kind`: a network of your own, an ONNX file relative to this one, e.g. from torch.onnx.export. Its float initializers are the parameters, in their own names, and training starts from their values.",
    }),
    frozen: {
      type: "array",
      uniqueItems: true,
      items: { type: "string", minLength: 1 },
      description:
        "Names of initializers that are not trained, such as fixed position codes. Running statistics of batch normalization never are.",
      examples: [["position"]],
    },
    weights: ref("weights"),
    names: ref("names"),
  },
  snippets: [{ label: "onnx: a network of your own", body: { onnx: "${1:net.onnx}" } }],
};
