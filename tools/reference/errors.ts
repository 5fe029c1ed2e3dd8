import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { ERROR_KINDS } from '#kernel';

/** A code as the sources have it. */
export interface ErrorCode {
  /** `{word}` stands where the code is put together. */
  readonly code: string;
  /** Absent for a code that ends a rollout and answers no request. */
  readonly kind: string | undefined;
  /** First sentence found for it; `…` stands for what is filled in. */
  readonly detail: string;
}

const CODE = /^[a-z][a-z-]*\/[a-z0-9{}-]+$/;
/** Codes that end a rollout are the deployments context's; other engines' codes never leave their library. */
const ROLLOUTS = 'deployments/';
const LEFT_OUT = /\.(spec|fixture|bench)\.ts$|contract-suite|\/testing\//;

/** All codes that the libraries answer with, sorted; read from the sources, so that none is forgotten. */
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

/** `domainError(code, kind, detail)`, or `edgeError(status, code, detail)`, whose kind is the status. */
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

/** A literal's text; names of what is filled in are kept for codes, and left out of sentences. */
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
