import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** Title of `describe`, `it` or `test` as in the source. `…` replaces interpolated values. */
export interface TestTitle {
  /** Path relative to the root of the repository. */
  readonly file: string;
  readonly title: string;
}

const TESTS = ['{apps,libs,tools}/**/*.spec.ts', '{apps,libs}/**/contract-suite/**/*.ts'];
const CALLS: ReadonlySet<string> = new Set(['describe', 'it', 'test']);

/** Returns all titles in the specs and contract suites below `root`, by file and in the order of the source. */
export function testTitles(root: string): readonly TestTitle[] {
  return globSync(TESTS, { cwd: root, exclude: ['**/node_modules/**'] })
    .toSorted()
    .flatMap((file) => titlesIn(file, readFileSync(`${root}/${file}`, 'utf8')));
}

/** Returns the titles in a source text. */
export function titlesIn(file: string, text: string): readonly TestTitle[] {
  const titles: TestTitle[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTestCall(node)) {
      const title = node.arguments[0] && titleText(node.arguments[0]);
      if (title !== undefined) titles.push({ file, title });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return titles;
}

/** Returns whether the first argument of a call is the title of a test or of a group of tests. */
export const isTestCall = ({ expression }: ts.CallExpression): boolean => isTest(expression);

/** Returns whether a callee is `it`, `it.each(…)`, `(available ? it : it.skip)` or similar. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return CALLS.has(callee.text);
  if (ts.isConditionalExpression(callee)) return isTest(callee.whenTrue) || isTest(callee.whenFalse);
  return (
    (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee) || ts.isParenthesizedExpression(callee)) &&
    isTest(callee.expression)
  );
}

function titleText(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
}
