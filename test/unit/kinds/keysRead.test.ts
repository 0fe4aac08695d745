// Every key that an experiment may have is read by something that runs: a key that nothing reads would be a promise nobody keeps.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setImmediate as nextTask } from "node:timers/promises";
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
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, language, ...rest) =>
    resolve(path) === typesFile
      ? ts.createSourceFile(path, types, language, true)
      : getSourceFile(path, language, ...rest);
  return ts.createProgram([...files], { ...options, noEmit: true }, host);
}

/** The types a value may have, one by one. */
const membersOf = (type: ts.Type, checker: ts.TypeChecker): readonly ts.Type[] => {
  const apparent = checker.getApparentType(type);
  return apparent.isUnion() ? apparent.types : [apparent];
};

const declarationsAt = (type: ts.Type, name: string, checker: ts.TypeChecker): readonly ts.Declaration[] =>
  membersOf(type, checker).flatMap((member) => member.getProperty(name)?.declarations ?? []);

type Link = (from: ts.Declaration, to: ts.Declaration) => void;

/**
 * What a call's argument, or an object that is written out, hands over: its properties by those that the type wanted there declares for
 * them, where they are read.
 */
function handedOver(node: ts.Node, checker: ts.TypeChecker, link: Link): void {
  if (ts.isObjectLiteralExpression(node)) {
    const wanted = checker.getContextualType(node);
    if (wanted) linkTypes(checker.getTypeAtLocation(node), wanted, 1);
    return;
  }
  if (!ts.isCallExpression(node)) return;
  const signature = checker.getResolvedSignature(node);
  node.arguments.forEach((argument, i) => {
    const parameter = signature?.parameters[i];
    if (!parameter?.valueDeclaration) return;
    const wanted = checker.getTypeOfSymbolAtLocation(parameter, node);
    linkTypes(checker.getTypeAtLocation(argument), wanted, 0);
  });

  /** @param deeper Levels of objects inside that are written out in the call itself. */
  function linkTypes(from: ts.Type, to: ts.Type, deeper: number): void {
    for (const given of membersOf(from, checker))
      for (const property of given.getProperties()) {
        const wanted = membersOf(to, checker).flatMap((member) => member.getProperty(property.name) ?? []);
        for (const own of property.declarations ?? [])
          if (own.getSourceFile().fileName === typesFile)
            for (const there of wanted.flatMap(({ declarations = [] }) => declarations))
              if (there !== own) link(own, there);
        if (deeper > 0)
          for (const there of wanted)
            linkTypes(
              checker.getTypeOfSymbolAtLocation(property, node),
              checker.getTypeOfSymbolAtLocation(there, node),
              deeper - 1,
            );
      }
  }
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
  if (ts.isElementAccessExpression(node)) {
    const of = checker.getTypeAtLocation(node.expression);
    return membersOf(checker.getTypeAtLocation(node.argumentExpression), checker).flatMap((key) =>
      key.isStringLiteral() ? declarationsAt(of, key.value, checker) : [],
    );
  }
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent) && !node.dotDotDotToken) {
    const name = node.propertyName ?? node.name;
    if (!ts.isIdentifier(name)) return [];
    return declarationsAt(checker.getTypeAtLocation(node.parent), name.text, checker);
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

it("is read by the program, all but the key added here", async () => {
  const program = programOf(walk(join(root, "src")));
  const checker = program.getTypeChecker();
  const read = new Set<ts.Node>();
  const links = new Map<ts.Node, ts.Node[]>();
  const visit = (node: ts.Node): void => {
    for (const declaration of readBy(node, checker)) read.add(declaration);
    handedOver(node, checker, (from, to) => void links.set(from, [...(links.get(from) ?? []), to]));
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles())
    if (file.fileName.includes("/src/") && !file.isDeclarationFile && isReader(resolve(file.fileName))) {
      visit(file);
      // Lets the test runner's messages through: it gives up on a worker that is silent for a minute.
      await nextTask();
    }

  const keys: ts.PropertySignature[] = [];
  const collect = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) && node.type?.kind !== ts.SyntaxKind.UndefinedKeyword) keys.push(node);
    ts.forEachChild(node, collect);
  };
  collect(program.getSourceFile(typesFile)!);
  expect(keys.length).toBeGreaterThan(100);
  const isRead = (node: ts.Node, seen = new Set<ts.Node>()): boolean =>
    read.has(node) ||
    (!seen.has(node) && seen.add(node) && (links.get(node) ?? []).some((to) => isRead(to, seen)));
  const never = keys.filter((key) => !isRead(key)).map(nameOf);
  expect(never).toEqual([`SgdSpec.${unread}`]);
}, 240_000);
