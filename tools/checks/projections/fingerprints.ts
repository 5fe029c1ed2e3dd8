import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path/posix';
import ts from 'typescript';

/** A projection found in the sources. */
export interface ProjectionSource {
  readonly name: string;
  /** Path relative to the root of the repository. */
  readonly file: string;
  /** Hash of all code that determines its documents. */
  readonly fingerprint: string;
}

type ByName = Readonly<Record<string, string>>;

/** Fingerprints by the name of the projection, as stored in the repository. */
export interface Fingerprints {
  readonly current: ByName;
  /**
   * Names of removed projections. A store may still contain their documents and checkpoints, so a name must not be used
   * again for other documents: the old ones would be served as current.
   */
  readonly retired: ByName;
}

/** File of the stored fingerprints, relative to the root of the repository. */
const FILE = 'tools/checks/projections/fingerprints.json';
const ACCEPT = 'npm run projections:accept';

export const readFingerprints = (root: string): Fingerprints => JSON.parse(readFileSync(join(root, FILE), 'utf8'));
export const fingerprintsPath = (root: string): string => join(root, FILE);

/**
 * Finds all projections, by file. The fingerprint covers the members of a projection (`apply`, `documentId`, `indexes`,
 * `events`) and all code that they use from files of their own context and `#access`. It ignores formatting, comments
 * and types.
 * @param read returns the text of a file by its path relative to the root, or undefined if there is none
 */
export function projectionSources(
  files: readonly string[],
  read: (file: string) => string | undefined,
): readonly ProjectionSource[] {
  const sources = new Sources(read);
  return files.flatMap((file) =>
    sources.projectionsIn(file).map(({ name, value }) => ({
      name,
      file,
      fingerprint: createHash('sha256').update(sources.closureOf(file, value)).digest('hex').slice(0, 32),
    })),
  );
}

/** Returns the projections of the repository. */
export function projectionsOf(root: string): readonly ProjectionSource[] {
  const files = globSync('libs/*/service/src/**/*.ts', { cwd: root }).filter(
    (file) => !/\.(spec|fixture)\.ts$/.test(file),
  );
  return projectionSources(files.toSorted(), (file) => {
    const path = join(root, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  });
}

/** Returns one sentence for each difference between projections and stored fingerprints, with what to do. */
export function projectionProblems(
  projections: readonly ProjectionSource[],
  { current, retired }: Fingerprints,
): readonly string[] {
  const gone = goneFrom(current, projections).map(
    (name) => `No projection has the name ${name} any more. Record that it is retired: ${ACCEPT}`,
  );
  const unlike = projections.flatMap(({ name, file, fingerprint }) => {
    const before = current[name] ?? retired[name];
    if (before === fingerprint && name in current) return [];
    if (before === undefined || before === fingerprint)
      return [`${file}: the projection ${name} is new. Record its fingerprint: ${ACCEPT}`];
    if (!(name in current))
      return [
        `${file}: ${name} is the name of a retired projection that built other documents, which a store may still have. ` +
          `Use a name that no projection ever had.`,
      ];
    return [
      `${file}: the projection ${name} has changed under its old name, and documents that are built already would stay as ` +
        `they are. Give it the next name (${nextName(name)}), so that it is built anew. Only if it builds the same ` +
        `documents as before: ${ACCEPT}`,
    ];
  });
  return [...gone, ...unlike];
}

/**
 * Returns the stored fingerprints, updated from the present projections. Names of removed projections become retired.
 * @throws Error if a projection has a retired name and builds other documents
 */
export function accepted(projections: readonly ProjectionSource[], { current, retired }: Fingerprints): Fingerprints {
  const reused = projections.find(
    ({ name, fingerprint }) => !(name in current) && name in retired && retired[name] !== fingerprint,
  );
  if (reused) throw new Error(projectionProblems([reused], { current: {}, retired })[0]);
  const now = Object.fromEntries(projections.map(({ name, fingerprint }) => [name, fingerprint]));
  const gone = Object.fromEntries(goneFrom(current, projections).map((name) => [name, current[name] ?? '']));
  const past = Object.entries({ ...retired, ...gone }).filter(([name]) => !(name in now));
  return { current: sorted(Object.entries(now)), retired: sorted(past) };
}

const goneFrom = (current: ByName, projections: readonly ProjectionSource[]): readonly string[] =>
  Object.keys(current).filter((name) => !projections.some((projection) => projection.name === name));

const sorted = (entries: readonly (readonly [string, string])[]): ByName =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));

const nextName = (name: string): string => name.replace(/\d+$/, (version) => String(Number(version) + 1));

/** A value that is declared at the top level of a file. */
interface Declared {
  readonly file: string;
  readonly node: ts.Node;
}

class Sources {
  private readonly parsed = new Map<string, ts.SourceFile | undefined>();

  constructor(private readonly read: (file: string) => string | undefined) {}

  /** Constants of type `Projection<…>`, with the name under which they are stored. */
  projectionsIn(file: string): readonly { readonly name: string; readonly value: ts.Expression }[] {
    return [...(this.parse(file)?.statements ?? [])]
      .flatMap((statement) => (ts.isVariableStatement(statement) ? [...statement.declarationList.declarations] : []))
      .flatMap(({ type, initializer }) => {
        const isProjection = type && ts.isTypeReferenceNode(type) && type.typeName.getText() === 'Projection';
        if (!isProjection || !initializer || !ts.isObjectLiteralExpression(initializer)) return [];
        const name = initializer.properties.find(
          (property) => ts.isPropertyAssignment(property) && property.name.getText() === 'name',
        );
        if (!name || !ts.isPropertyAssignment(name) || !ts.isStringLiteralLike(name.initializer))
          throw new Error(`${file}: the name of a projection must be written out`);
        return [{ name: name.initializer.text, value: initializer }];
      });
  }

  /** Returns the normalized code of a value and of everything it uses from its context, in the order of first use. */
  closureOf(file: string, value: ts.Node): string {
    const seen = new Set<ts.Node>([value]);
    const waiting: Declared[] = [{ file, node: value }];
    const shapes: string[] = [];
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      shapes.push(shapeOf(next.node));
      for (const name of namesUsedIn(next.node)) {
        const declared = this.find(next.file, name);
        if (!declared || seen.has(declared.node)) continue;
        seen.add(declared.node);
        waiting.push(declared);
      }
    }
    return shapes.join('\n');
  }

  /** Returns the declaration of a top-level name, or undefined if it is declared outside its context. */
  private find(file: string, name: string): Declared | undefined {
    for (const statement of this.parse(file)?.statements ?? []) {
      if (ts.isVariableStatement(statement)) {
        const node = statement.declarationList.declarations.find((declaration) => declaration.name.getText() === name);
        if (node) return { file, node };
      } else if (
        ts.isFunctionDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isEnumDeclaration(statement)
      ) {
        if (statement.name?.text === name) return { file, node: statement };
      } else if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) {
        const from = statement.moduleSpecifier;
        const bindings = ts.isImportDeclaration(statement)
          ? statement.importClause?.namedBindings
          : statement.exportClause;
        if (!from || !ts.isStringLiteral(from) || !bindings || !('elements' in bindings)) continue;
        const binding = bindings.elements.find((element) => element.name.text === name);
        const target = binding && fileOf(file, from.text);
        if (target) return this.find(target, (binding.propertyName ?? binding.name).text);
      }
    }
    return undefined;
  }

  private parse(file: string): ts.SourceFile | undefined {
    if (!this.parsed.has(file)) {
      const text = this.read(file);
      const source = text === undefined ? undefined : ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
      this.parsed.set(file, source);
    }
    return this.parsed.get(file);
  }
}

/**
 * Returns the file of an import if it belongs to the same context, or to `#access`, which contains events of three
 * contexts.
 */
function fileOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return normalize(join(file, '..', specifier));
  const [context = ''] = /^libs\/[^/]+\//.exec(file) ?? [];
  const target = `libs/${specifier.slice(1)}/src/index.ts`;
  return specifier === '#access' || (specifier.startsWith('#') && target.startsWith(context)) ? target : undefined;
}

/** Returns a node as text that does not depend on formatting, comments, quotes or types. */
function shapeOf(node: ts.Node): string {
  if (isTypeOnly(node)) return '';
  if (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node)
  )
    return shapeOf(node.expression);
  const kind = ts.SyntaxKind[node.kind];
  const parts: string[] = [];
  if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node) || ts.isLiteralExpression(node))
    parts.push(JSON.stringify(node.text));
  if (ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node))
    parts.push(JSON.stringify(node.text));
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node))
    parts.push(ts.SyntaxKind[node.operator] ?? '');
  ts.forEachChild(node, (child) => {
    const shape = shapeOf(child);
    if (shape !== '') parts.push(shape);
  });
  return `(${[kind, ...parts].join(' ')})`;
}

const isTypeOnly = (node: ts.Node): boolean =>
  ts.isTypeNode(node) ||
  ts.isTypeParameterDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  node.kind === ts.SyntaxKind.ExportKeyword;

/** Returns the names in a node that may refer to top-level declarations of its file. */
function namesUsedIn(node: ts.Node): readonly string[] {
  const names = new Set<string>();
  const visit = (at: ts.Node): void => {
    if (isTypeOnly(at)) return;
    if (ts.isIdentifier(at) && !isMemberName(at)) names.add(at.text);
    ts.forEachChild(at, visit);
  };
  visit(node);
  return [...names];
}

/** Returns whether an identifier names a member (`x.name`, `{ name: … }`) rather than a value. */
const isMemberName = (node: ts.Identifier): boolean =>
  (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) ||
  (ts.isPropertyAssignment(node.parent) && node.parent.name === node) ||
  (ts.isMethodDeclaration(node.parent) && node.parent.name === node) ||
  (ts.isBindingElement(node.parent) && node.parent.propertyName === node);
