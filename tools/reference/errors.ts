import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { ERROR_KINDS } from '#kernel';

/** An error code found in the sources. */
export interface ErrorCode {
  /** `{word}` replaces interpolated values. */
  readonly code: string;
  /** Absent if the code only ends a rollout and is not returned for requests. */
  readonly kind: string | undefined;
  /** First sentence found for the code. `…` replaces interpolated values. */
  readonly detail: string;
  /** What to do, of the same error. Empty if the error does not say it. */
  readonly fix: string;
}

const CODE = /^[a-z][a-z-]*\/[a-z0-9{}-]+$/;
/** Codes of rollouts belong to deployments. Codes of other engines are internal to their library. */
const ROLLOUTS = 'deployments/';
const LEFT_OUT = /\.(spec|fixture|bench)\.ts$|contract-suite|\/testing\//;
/** Codes that releases before this one wrote, which remain in stored data, with the codes written instead. */
const RETIRED = { 'sources/redirected': 'sources/redirect-refused' } as const;

/** An error whose texts may be parameters of the function that creates it. */
interface Found extends ErrorCode {
  /** Name of that function as it is called, such as `gitErrors.fileRefused`. */
  readonly createdBy?: string;
  /** Positions of the parameters. */
  readonly detailAt?: number;
  readonly fixAt?: number;
}

/** Returns all error codes of the libraries, sorted. They are read from the sources, so that none is missing. */
export function errorCodes(root: string): readonly ErrorCode[] {
  const found = new Map<string, Found>();
  const calls = new Map<string, ts.CallExpression[]>();
  const mentioned = new Map<string, string>();
  const files = globSync('libs/**/src/**/*.ts', { cwd: root })
    .filter((file) => !LEFT_OUT.test(file))
    .toSorted();
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(`${root}/${file}`, 'utf8'), ts.ScriptTarget.Latest, true);
    visit(source, (node) => {
      if (ts.isCallExpression(node)) {
        const error = refusalIn(node);
        const known = error && found.get(error.code);
        if (error && (!known || (!known.detail && known.detailAt === undefined))) found.set(error.code, error);
        const name = node.expression.getText();
        if (/^\w+Errors\.\w+$/.test(name)) calls.set(name, [...(calls.get(name) ?? []), node]);
      } else if (ts.isStringLiteral(node) && CODE.test(node.text)) {
        const { parent } = node;
        const isCode =
          (ts.isPropertyAssignment(parent) && parent.name.getText() === 'code') ||
          (ts.isLiteralTypeNode(parent) && ts.isUnionTypeNode(parent.parent)) ||
          ts.isConditionalExpression(parent);
        if (isCode && !mentioned.get(node.text))
          mentioned.set(node.text, ts.isPropertyAssignment(parent) ? messageBeside(parent) : '');
      }
    });
  }
  for (const [code, detail] of mentioned)
    if (!found.has(code) && code.startsWith(ROLLOUTS)) found.set(code, { code, kind: undefined, detail, fix: '' });
  for (const [code, instead] of Object.entries(RETIRED)) {
    const kind = found.get(instead)?.kind;
    found.set(code, { code, kind, detail: `Written by earlier releases instead of \`${instead}\`.`, fix: '' });
  }
  return [...found.values()]
    .map((error) => withArguments(error, calls.get(error.createdBy ?? '') ?? []))
    .toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

/** Takes the texts that are parameters from the first call with a text. */
function withArguments(
  { code, kind, detail, fix, detailAt, fixAt }: Found,
  calls: readonly ts.CallExpression[],
): ErrorCode {
  const argument = (index: number | undefined) =>
    index === undefined ? '' : (calls.map((call) => textOf(call.arguments[index])).find((text) => text !== '') ?? '');
  return { code, kind, detail: detail || argument(detailAt), fix: fix || argument(fixAt) };
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

/** Finds `domainError(code, kind, detail)`, or `edgeError(status, code, detail)`, whose kind is the status. */
function refusalIn(call: ts.CallExpression): Found | undefined {
  const name = call.expression.getText();
  if (name !== 'domainError' && name !== 'edgeError') return undefined;
  const [first, second, third, fourth] = call.arguments;
  const [code, kind] =
    name === 'domainError' ? [textOf(first, true), textOf(second)] : [textOf(second, true), first?.getText() ?? ''];
  if (!CODE.test(code)) return undefined;
  return {
    code,
    kind: name === 'edgeError' || ERROR_KINDS.some((known) => known === kind) ? kind : undefined,
    detail: textOf(third),
    ...fixIn(fourth),
    ...creatorOf(call, third),
  };
}

/** Finds `fix` in the options of an error, also in `fix === undefined ? {} : { fix }`. */
function fixIn(options: ts.Expression | undefined): { readonly fix: string; readonly fixAt?: number } {
  let found: ts.Expression | undefined;
  if (options)
    visit(options, (node) => {
      if (ts.isPropertyAssignment(node) && node.name.getText() === 'fix') found ??= node.initializer;
      else if (ts.isShorthandPropertyAssignment(node) && node.name.text === 'fix') found ??= node.name;
    });
  const fixAt = parameterAt(found);
  return { fix: textOf(found), ...(fixAt !== undefined && { fixAt }) };
}

/** Finds `…Errors = { name: (parameters) => domainError(…) }` around the call. */
function creatorOf(call: ts.CallExpression, detail: ts.Expression | undefined): Pick<Found, 'createdBy' | 'detailAt'> {
  const property = ts.findAncestor(call, ts.isPropertyAssignment);
  const variable = ts.findAncestor(property, ts.isVariableDeclaration);
  if (!property || !variable) return {};
  const detailAt = parameterAt(detail);
  return {
    createdBy: `${variable.name.getText()}.${property.name.getText()}`,
    ...(detailAt !== undefined && { detailAt }),
  };
}

function parametersOf(node: ts.Node): readonly ts.ParameterDeclaration[] {
  const around = ts.findAncestor(node, (parent) => ts.isFunctionLike(parent));
  return around ? [...around.parameters] : [];
}

/** Returns the declaration of a constant in the same file. */
function constantOf(use: ts.Identifier): ts.VariableDeclaration | undefined {
  let found: ts.VariableDeclaration | undefined;
  visit(use.getSourceFile(), (node) => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === use.text) found ??= node;
  });
  return found;
}

/** Returns the position of the parameter of the surrounding function that an expression is. */
function parameterAt(node: ts.Expression | undefined): number | undefined {
  if (!node || !ts.isIdentifier(node)) return undefined;
  const index = parametersOf(node).findIndex(({ name }) => name.getText() === node.text);
  return index < 0 ? undefined : index;
}

function messageBeside(property: ts.PropertyAssignment): string {
  const message = property.parent.properties.find(
    (other) => ts.isPropertyAssignment(other) && ['message', 'detail'].includes(other.name.getText()),
  );
  return message && ts.isPropertyAssignment(message) ? textOf(message.initializer) : '';
}

/**
 * Returns the text of a literal, of a constant, of the default of a parameter, or of the first alternative that has one. Names of
 * interpolated values are kept in codes, but not in sentences.
 */
function textOf(node: ts.Expression | undefined, withNames = false): string {
  if (!node) return '';
  if (ts.isAsExpression(node)) return textOf(node.expression, withNames);
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isConditionalExpression(node) && !withNames) return textOf(node.whenTrue) || textOf(node.whenFalse);
  if (ts.isIdentifier(node) && !withNames)
    return textOf(
      (parametersOf(node).find(({ name }) => name.getText() === node.text) ?? constantOf(node))?.initializer,
    );
  if (!ts.isTemplateExpression(node)) return '';
  return (
    node.head.text +
    node.templateSpans
      .map((span) => `${withNames ? `{${span.expression.getText().replace(/\W/g, '')}}` : '…'}${span.literal.text}`)
      .join('')
  );
}
