import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** Sources by path, relative to the root of the repository. */
export type Sources = ReadonlyMap<string, string>;

/** Returns the sources that must be wired: contracts, services, workers, and commands. */
export function wiredSources(root: string): Sources {
  const files = globSync(['libs/*/{contract,service,worker,api}/src/**/*.ts', 'libs/gateway/src/**/*.ts'], {
    cwd: root,
  })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.endsWith('.spec.ts') && !file.includes('/testing/'));
  return new Map(files.toSorted().map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

interface Declared {
  readonly name: string;
  readonly file: string;
}

/** Returns what is defined but not used, with what to add and where. The compiler finds all other cases. */
export function wiringProblems(sources: Sources): string[] {
  const files = [...sources].map(([file, text]) => ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  const classes = files.flatMap((file) => classesIn(file));
  const served = new Set(classes.flatMap((found) => found.serves));
  const listed = (folder: string, property: string) => listedIn(files, folder, property);
  const problems: string[] = [];

  for (const { name, file } of files.flatMap((source) => contractsIn(source))) {
    const index = `${dirname(file)}/index.ts`;
    if (!new RegExp(`\\b${name}\\b`).test(sources.get(index) ?? '')) problems.push(`export ${name} from ${index}`);
    if (!served.has(name))
      problems.push(
        `nothing serves ${name} of ${file}: write a handler with @Serves(${name}) in the context's service`,
      );
  }
  for (const { name, file, serves, isReactor, isSweep } of classes) {
    const folder = packageOf(file);
    const index = `${folder}/index.ts`;
    if (serves.length > 0 && !listed(folder, 'controllers').has(name))
      problems.push(`add ${name} of ${file} to the controllers of the module in ${folder}`);
    if (isReactor && !listed(folder, 'reactors').has(name))
      problems.push(`add ${name} of ${file} to the reactors in ${index}`);
    if (isSweep && !listed(folder, 'sweeps').has(name))
      problems.push(`add ${name} of ${file} to the sweeps in ${index}`);
  }
  for (const { name, file } of files.flatMap((source) => decidersIn(source))) {
    const folder = packageOf(file);
    if (!listed(folder, 'deciders').has(name))
      problems.push(`add ${name} of ${file} to the deciders in ${folder}/index.ts`);
  }
  const words = files.map((file) => ({ file: file.fileName, names: identifiersIn(file) }));
  for (const { name, file } of files.flatMap((source) => commandsIn(source))) {
    const isKnown = words.some((other) => other.file !== file && other.names.has(name));
    if (!isKnown) problems.push(`declare the command ${name} of ${file} in ${dirname(file)}/commands.cli.ts`);
  }
  return problems.toSorted();
}

/** Returns `libs/organizations/service/src` for any file in it. */
const packageOf = (file: string): string => file.slice(0, file.indexOf('/src/') + '/src'.length);

interface FoundClass extends Declared {
  readonly serves: readonly string[];
  readonly isReactor: boolean;
  readonly isSweep: boolean;
}

function classesIn(file: ts.SourceFile): FoundClass[] {
  return file.statements.filter(ts.isClassDeclaration).map((node) => {
    const parents = (node.heritageClauses ?? []).flatMap(({ types }) =>
      types.map(({ expression }) => expression.getText()),
    );
    const isAbstract = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AbstractKeyword) ?? false;
    return {
      name: node.name?.text ?? '',
      file: file.fileName,
      serves: node.members.flatMap((member) => servedBy(member)),
      isReactor: !isAbstract && parents.some((parent) => parent === 'Reactor' || parent === 'Resumption'),
      isSweep: !isAbstract && parents.includes('Sweep'),
    };
  });
}

function servedBy(member: ts.ClassElement): string[] {
  if (!ts.canHaveDecorators(member)) return [];
  return (ts.getDecorators(member) ?? []).flatMap(({ expression }) =>
    ts.isCallExpression(expression) && expression.expression.getText() === 'Serves'
      ? expression.arguments.map((argument) => argument.getText())
      : [],
  );
}

/** Returns the exported constants of a file, with their values. */
function constantsIn(file: ts.SourceFile) {
  return file.statements.flatMap((node) =>
    ts.isVariableStatement(node) && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
      ? node.declarationList.declarations.map((constant) => ({
          name: constant.name.getText(),
          type: constant.type?.getText() ?? '',
          value: constant.initializer,
        }))
      : [],
  );
}

/** Finds contracts, such as `export const setMemberRequest = request({ … })`. */
function contractsIn(file: ts.SourceFile): Declared[] {
  if (!file.fileName.endsWith('.contract.ts')) return [];
  return constantsIn(file)
    .filter(({ value }) => value && ts.isCallExpression(value) && /^(request|stream)$/.test(value.expression.getText()))
    .map(({ name }) => ({ name, file: file.fileName }));
}

const decidersIn = (file: ts.SourceFile): Declared[] =>
  constantsIn(file)
    .filter(({ type }) => type.startsWith('Decider<'))
    .map(({ name }) => ({ name, file: file.fileName }));

/** Finds functions that run a command: exported, with a session, returning an outcome. */
function commandsIn(file: ts.SourceFile): Declared[] {
  if (!file.fileName.endsWith('.cli.ts')) return [];
  return file.statements
    .filter(ts.isFunctionDeclaration)
    .filter(
      ({ modifiers, parameters, type }) =>
        modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) &&
        parameters.some((parameter) => parameter.type?.getText() === 'Session') &&
        type?.getText() === 'Promise<Outcome>',
    )
    .map(({ name }) => ({ name: name?.text ?? '', file: file.fileName }));
}

/** Returns the names in the lists `property: […]` of a package's files. */
function listedIn(files: readonly ts.SourceFile[], folder: string, property: string): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === property &&
      ts.isArrayLiteralExpression(node.initializer)
    )
      for (const element of node.initializer.elements) names.add(element.getText());
    ts.forEachChild(node, visit);
  };
  for (const file of files) if (file.fileName.startsWith(`${folder}/`)) visit(file);
  return names;
}

function identifiersIn(file: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}
