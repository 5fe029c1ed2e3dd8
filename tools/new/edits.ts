import ts from 'typescript';

/** A text to insert into a file at an offset. */
export interface Insertion {
  readonly file: string;
  readonly at: number;
  readonly text: string;
}

/** Texts of files, by path. */
export type Files = ReadonlyMap<string, string>;

/** Returns the files with all insertions. They are made from the end of each file, so that offsets stay valid. */
export function inserted(files: Files, insertions: readonly Insertion[]): Map<string, string> {
  const changed = new Map<string, string>();
  for (const { file, at, text } of insertions.toSorted((a, b) => b.at - a.at)) {
    const before = changed.get(file) ?? files.get(file) ?? '';
    changed.set(file, before.slice(0, at) + text + before.slice(at));
  }
  return changed;
}

export const parse = (files: Files, file: string): ts.SourceFile => {
  const text = files.get(file);
  if (text === undefined) throw new Error(`${file} does not exist`);
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
};

/** Returns the first result of `look` for a node below `root`. */
export function find<T>(root: ts.Node, look: (node: ts.Node) => T | undefined): T | undefined {
  const found = look(root);
  return found ?? ts.forEachChild(root, (child) => find(child, look));
}

/** Inserts after the last element of a list or object literal, with or without a trailing comma. */
export function append(
  file: string,
  list: ts.ArrayLiteralExpression | ts.ObjectLiteralExpression,
  text: string,
): Insertion {
  const elements = ts.isArrayLiteralExpression(list) ? list.elements : list.properties;
  const last = elements.at(-1);
  return last ? { file, at: last.end, text: `, ${text}` } : { file, at: list.end - 1, text };
}

/** Returns the array literal of a property. */
export const listNamed = (source: ts.Node, property: string): ts.ArrayLiteralExpression | undefined =>
  find(source, (node) =>
    ts.isPropertyAssignment(node) && node.name.getText() === property && ts.isArrayLiteralExpression(node.initializer)
      ? node.initializer
      : undefined,
  );

/** Finds `export type NAME = …`. */
export const typeNamed = (source: ts.Node, name: string): ts.TypeAliasDeclaration | undefined =>
  find(source, (node) => (ts.isTypeAliasDeclaration(node) && node.name.text === name ? node : undefined));

/** Returns the module from which a file imports a name, or undefined if it declares it. */
export const importOf = (source: ts.SourceFile, name: string): string | undefined =>
  source.statements
    .filter(ts.isImportDeclaration)
    .find(({ importClause }) => {
      const bindings = importClause?.namedBindings;
      return bindings && ts.isNamedImports(bindings) && bindings.elements.some((element) => element.name.text === name);
    })
    ?.moduleSpecifier.getText()
    .slice(1, -1);

/** Returns a `case` for an event that changes nothing, for each switch that handles all other events of its union. */
export function ignoringCases(files: Files, types: readonly string[], added: string): Insertion[] {
  return [...files].flatMap(([file, text]) => {
    if (!types.every((type) => text.includes(`'${type}'`)) || /\.(spec|events)\.ts$/.test(file)) return [];
    const insertions: Insertion[] = [];
    const visit = (node: ts.Node, enclosing: ts.SignatureDeclaration | undefined): void => {
      const within = ts.isFunctionLike(node) ? node : enclosing;
      if (ts.isSwitchStatement(node) && within && decidesBy(node, types)) {
        const body = within.getText();
        if (types.every((type) => body.includes(`'${type}'`))) insertions.push(ignoringCase(file, node, within, added));
      }
      ts.forEachChild(node, (child) => visit(child, within));
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), undefined);
    return insertions;
  });
}

const decidesBy = ({ caseBlock }: ts.SwitchStatement, types: readonly string[]): boolean =>
  caseBlock.clauses.some(
    (clause) =>
      ts.isCaseClause(clause) && ts.isStringLiteral(clause.expression) && types.includes(clause.expression.text),
  );

function ignoringCase(
  file: string,
  { caseBlock }: ts.SwitchStatement,
  within: ts.SignatureDeclaration,
  added: string,
): Insertion {
  const ignoring = caseBlock.clauses.find(
    (clause) => ts.isCaseClause(clause) && /^return( \w+( \?\? REMOVED)?)?;$/.test(bodyOf(clause)),
  );
  if (ignoring) return { file, at: ignoring.getStart(), text: `case '${added}':\n` };
  const parameter = within.parameters[0]?.name.getText() ?? '';
  const isProjection = file.endsWith('.projection.ts');
  const last = caseBlock.clauses.find(ts.isDefaultClause)?.getStart() ?? caseBlock.end - 1;
  return { file, at: last, text: `case '${added}': return ${parameter}${isProjection ? ' ?? REMOVED' : ''};\n` };
}

const bodyOf = (clause: ts.CaseOrDefaultClause): string =>
  clause.statements.map((statement) => statement.getText()).join('\n');
