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
}

const CODE = /^[a-z][a-z-]*\/[a-z0-9{}-]+$/;
/** Codes of rollouts belong to deployments. Codes of other engines are internal to their library. */
const ROLLOUTS = 'deployments/';
const LEFT_OUT = /\.(spec|fixture|bench)\.ts$|contract-suite|\/testing\//;

/** Returns all error codes of the libraries, sorted. They are read from the sources, so that none is missing. */
export function errorCodes(root: string): readonly ErrorCode[] {
  const found = new Map<string, ErrorCode>();
  const mentioned = new Map<string, string>();
  const files = globSync('libs/**/src/**/*.ts', { cwd: root })
    .filter((file) => !LEFT_OUT.test(file))
    .toSorted();
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(`${root}/${file}`, 'utf8'), ts.ScriptTarget.Latest, true);
    visit(source, (node) => {
      if (ts.isCallExpression(node)) {
        const error = refusalIn(node);
        if (error && !found.get(error.code)?.detail) found.set(error.code, error);
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
    if (!found.has(code) && code.startsWith(ROLLOUTS)) found.set(code, { code, kind: undefined, detail });
  return [...found.values()].toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

/** Finds `domainError(code, kind, detail)`, or `edgeError(status, code, detail)`, whose kind is the status. */
function refusalIn(call: ts.CallExpression): ErrorCode | undefined {
  const name = call.expression.getText();
  if (name !== 'domainError' && name !== 'edgeError') return undefined;
  const [first, second, third] = call.arguments;
  const [code, kind] =
    name === 'domainError' ? [textOf(first, true), textOf(second)] : [textOf(second, true), first?.getText() ?? ''];
  if (!CODE.test(code)) return undefined;
  return {
    code,
    kind: name === 'edgeError' || ERROR_KINDS.some((known) => known === kind) ? kind : undefined,
    detail: textOf(third),
  };
}

function messageBeside(property: ts.PropertyAssignment): string {
  const message = property.parent.properties.find(
    (other) => ts.isPropertyAssignment(other) && ['message', 'detail'].includes(other.name.getText()),
  );
  return message && ts.isPropertyAssignment(message) ? textOf(message.initializer) : '';
}

/** Returns the text of a literal. Names of interpolated values are kept in codes, but not in sentences. */
function textOf(node: ts.Expression | undefined, withNames = false): string {
  if (!node) return '';
  if (ts.isAsExpression(node)) return textOf(node.expression, withNames);
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return '';
  return (
    node.head.text +
    node.templateSpans
      .map((span) => `${withNames ? `{${span.expression.getText().replace(/\W/g, '')}}` : '…'}${span.literal.text}`)
      .join('')
  );
}
