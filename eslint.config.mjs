// Lint rules, and the house's import rules: who may import whom (see ARCHITECTURE.md). Each folder lists what it may NOT reach.
import tseslint from "typescript-eslint";

const domains = [
  "util",
  "types",
  "protocol",
  "graph",
  "engines",
  "models",
  "losses",
  "data",
  "optimizers",
  "kinds",
  "curvature",
  "stability",
  "record",
  "measure",
  "trainers",
  "run",
  "launchers",
  "cli",
  "extension",
];
/** folder -> the folders it may import besides itself, types and util, which all may. */
const allowed = {
  util: [],
  types: [],
  protocol: ["util"],
  graph: ["util"],
  engines: ["graph", "util"],
  stability: ["util"],
  models: ["graph", "stability", "util", "protocol"],
  losses: ["graph", "stability", "util", "protocol"],
  optimizers: ["graph", "stability", "util", "protocol"],
  data: ["graph", "stability", "util", "protocol"],
  // What the kinds declare, gathered for `npm run schema`: nothing that runs imports it.
  kinds: ["data", "models", "optimizers", "losses", "measure", "protocol"],
  curvature: ["graph", "engines", "util"],
  record: ["protocol", "stability"],
  measure: ["curvature", "stability", "graph", "engines", "losses", "optimizers", "protocol"],
  trainers: [
    "measure",
    "record",
    "curvature",
    "stability",
    "optimizers",
    "data",
    "losses",
    "models",
    "engines",
    "graph",
    "protocol",
  ],
  run: [
    "record",
    "measure",
    "trainers",
    "curvature",
    "stability",
    "optimizers",
    "data",
    "losses",
    "models",
    "engines",
    "graph",
    "protocol",
    "util",
  ],
  launchers: ["record", "protocol"],
  cli: ["run", "launchers", "record", "protocol"],
  extension: ["launchers", "record", "protocol", "stability"],
};
/** The ground floor: everyone may stand on it. */
const ground = ["util", "types"];
/** Packages that one folder alone may import. */
const fenced = [
  { name: "vscode", only: "src/extension", message: "Only src/extension talks to VS Code." },
  { name: "onnxruntime-node", only: "src/engines/onnx", message: "Only src/engines/onnx runs ONNX Runtime." },
  { name: "onnxruntime-web", only: "src/engines/onnx", message: "Only src/engines/onnx runs ONNX Runtime." },
  {
    name: "onnxruntime-common",
    only: "src/engines/onnx",
    message: "Only src/engines/onnx runs ONNX Runtime.",
  },
  {
    name: "@tensorflow/tfjs-core",
    only: "src/engines/tensorflow",
    message: "Only src/engines/tensorflow runs tfjs.",
  },
  {
    name: "@tensorflow/tfjs-node",
    only: "src/engines/tensorflow",
    message: "Only src/engines/tensorflow runs tfjs.",
  },
];
const processModules = [
  "node:fs",
  "node:fs/promises",
  "fs",
  "fs/promises",
  "node:child_process",
  "child_process",
];
const mayTouchProcess = ["trainers", "run", "launchers", "cli", "extension"];
const mayTouchFiles = "src/record/disk";

const rulesFor = (folder, may, sub = "") => {
  const here = `src/${folder}${sub}`;
  return {
    files: [`${here}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [
            ...fenced.filter((f) => !here.startsWith(f.only)).map(({ name, message }) => ({ name, message })),
            ...(mayTouchProcess.includes(folder) || here === mayTouchFiles
              ? []
              : processModules.map((name) => ({
                  name,
                  message: `${folder}/ never touches files or processes; take bytes as an argument.`,
                }))),
          ],
          patterns: domains
            .filter(
              (d) => d !== folder && !may.includes(d) && !(ground.includes(d) && !ground.includes(folder)),
            )
            .map((d) => ({
              regex: `^(\\.\\./)+${d}(/|$)`,
              message: `src/${folder} must not import src/${d} (ARCHITECTURE.md, "Who may import whom").`,
            })),
        },
      ],
    },
  };
};

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "**/*.mjs", "coverage/", ".basin/"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: [] }, tsconfigRootDir: import.meta.dirname },
    },
  },
  {
    rules: {
      "no-console": "error",
      "max-params": ["error", 4],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": "off",
    },
  },
  ...Object.entries(allowed).map(([folder, may]) => rulesFor(folder, may)),
  // engines/onnx and engines/tensorflow come last: each may import its own runtime.
  rulesFor("engines", allowed.engines, "/onnx"),
  rulesFor("engines", allowed.engines, "/tensorflow"),
  // record is pure; its disk/ alone reads files, and the webview, which has none, never imports it.
  rulesFor("record", allowed.record, "/disk"),
  {
    files: ["webview/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "src/record/disk(/|$)", message: "There are no files in the webview." },
            ...domains
              .filter((d) => !["protocol", "record", "stability", "util", "types"].includes(d))
              .map((d) => ({
                regex: `src/${d}(/|$)`,
                message: `webview may import protocol, record, stability, types and util, not src/${d}.`,
              })),
          ],
        },
      ],
    },
  },
  {
    // Command line, scripts and benchmarks print: that is their job. Tests read JSON of known shape.
    files: ["src/cli/**/*.ts", "bench/**/*.ts", "test/**/*.ts"],
    rules: {
      "no-console": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
);
