import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** A title of `describe`, `it` or `test`, as it is in the source; `…` stands for what is filled in. */
export interface TestTitle {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly title: string;
}

const TESTS = ['{apps,libs,tools}/**/*.spec.ts', '{apps,libs}/**/contract-suite/**/*.ts'];
const CALLS: ReadonlySet<string> = new Set(['describe', 'it', 'test']);

/** All titles in the specs and contract suites below `root`, by file and then in the order of the source. */
export function testTitles(root: string): readonly TestTitle[] {
  return globSync(TESTS, { cwd: root, exclude: ['**/node_modules/**'] })
    .toSorted()
    .flatMap((file) => titlesIn(file, readFileSync(`${root}/${file}`, 'utf8')));
}

/** The titles in one source text. */
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

/** Whether a call's first argument is the title of a test or of a group of tests. */
export const isTestCall = ({ expression }: ts.CallExpression): boolean => isTest(expression);

/** Whether a callee is `it`, `it.each(…)`, `(available ? it : it.skip)` and the like. */
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
