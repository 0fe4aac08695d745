// Every key that an experiment may have is read by something that runs: a key that nothing reads would be a promise nobody keeps.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = resolve(__dirname, "../../..");
const typesFile = join(root, "src/protocol/experiment.ts");
/** A key that is put into the types here and that nothing reads: the search must find it, or it would find nothing. */
const unread = "nobodyReadsThis";
const types = readFileSync(typesFile, "utf8").replace(
  "export interface SgdSpec {",
  `export interface SgdSpec {\n  readonly ${unread}: number;`,
);

/** What declares the kinds, and the checker that reads keys by their names in data, are no readers. */
const isReader = (path: string): boolean => !path.startsWith(join(root, "src/kinds")) && path !== typesFile;

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : path.endsWith(".ts") ? [path] : [];
  });

function programOf(files: readonly string[]): ts.Program {
  const config = ts.readConfigFile(join(root, "tsconfig.json"), (path) => readFileSync(path, "utf8"));
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, include: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, language, ...rest) =>
    resolve(path) === typesFile
      ? ts.createSourceFile(path, types, language, true)
      : getSourceFile(path, language, ...rest);
  return ts.createProgram([...files], { ...options, noEmit: true }, host);
}

/** The declarations of the property that a node reads, if it reads one. */
function readBy(node: ts.Node, checker: ts.TypeChecker): readonly ts.Declaration[] {
  if (ts.isPropertyAccessExpression(node)) {
    const { parent } = node;
    const written =
      ts.isBinaryExpression(parent) &&
      parent.left === node &&
      parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    return written ? [] : (checker.getSymbolAtLocation(node.name)?.declarations ?? []);
  }
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent) && !node.dotDotDotToken) {
    const name = node.propertyName ?? node.name;
    if (!ts.isIdentifier(name)) return [];
    return checker.getTypeAtLocation(node.parent).getProperty(name.text)?.declarations ?? [];
  }
  return [];
}

/** "Spec.key" of a property in the types. */
function nameOf(node: ts.PropertySignature): string {
  const names: string[] = [];
  for (let at: ts.Node = node; !ts.isSourceFile(at); at = at.parent)
    if (ts.isPropertySignature(at) || ts.isInterfaceDeclaration(at) || ts.isTypeAliasDeclaration(at))
      names.unshift(at.name.getText());
  return names.join(".");
}

it("is read by the program, all but the key added here", () => {
  const program = programOf(walk(join(root, "src")));
  const checker = program.getTypeChecker();
  const read = new Set<ts.Node>();
  const visit = (node: ts.Node): void => {
    for (const declaration of readBy(node, checker)) read.add(declaration);
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles())
    if (file.fileName.includes("/src/") && !file.isDeclarationFile && isReader(resolve(file.fileName)))
      visit(file);

  const keys: ts.PropertySignature[] = [];
  const collect = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) && node.type?.kind !== ts.SyntaxKind.UndefinedKeyword) keys.push(node);
    ts.forEachChild(node, collect);
  };
  collect(program.getSourceFile(typesFile)!);
  expect(keys.length).toBeGreaterThan(100);
  const never = keys.filter((key) => !read.has(key)).map(nameOf);
  expect(never).toEqual([`SgdSpec.${unread}`]);
}, 240_000);
