import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { isTestCall } from '../../reference/test-titles.ts';

/**
 * Where a text is read: `message` is a string of the product (errors, fixes, help, logs), `example` one of the tests,
 * `title` a test's; `comment` and `docs` are what they say.
 */
export type Scope = 'message' | 'example' | 'title' | 'comment' | 'docs';

export interface Text {
  /** Path from the root of the repository. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly scope: Scope;
  /** `…` stands for what is filled in. In Markdown: one paragraph, item or row, or a whole fenced block. */
  readonly text: string;
  /** Language of a fenced block in Markdown. */
  readonly fence?: string;
}

const SOURCES = ['{apps,libs,tools}/**/*.{ts,mjs}', '*.mjs'];
const DOCS = ['*.md', '.github/**/*.md', 'docs/**/*.md', 'libs/**/*.md'];
/** Written by `npm run reference` from texts that are read where they come from. */
const GENERATED = /^docs\/reference\/|^docs\/security\/attacks\.md$/;
const TESTS = /\.(spec|fixture|bench|cases)\.ts$|\/(contract-suite|testing|testdata|cases)\/|^tools\/(bench|checks)\//;

/** This check names what it looks for. */
const SELF = 'tools/checks/text/';

/** Every text in the sources and documents below `root`. */
export function textsOf(root: string): readonly Text[] {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  const files = (patterns: readonly string[]): string[] =>
    globSync(patterns, { cwd: root, exclude: ['**/node_modules/**', '**/fixtures/**'] }).toSorted();
  return [
    ...files(SOURCES)
      .filter((file) => !file.startsWith(SELF))
      .flatMap((file) => sourceTexts(file, read(file))),
    ...files(DOCS)
      .filter((file) => !GENERATED.test(file))
      .flatMap((file) => documentTexts(file, read(file))),
  ];
}

/** Strings, test titles and comments of one TypeScript or JavaScript file. */
export function sourceTexts(file: string, source: string): readonly Text[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const lineOf = (position: number): number => tree.getLineAndCharacterOfPosition(position).line + 1;
  const strings: Text[] = [];
  const comments = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(source, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(source, node.end) ?? []),
    ])
      comments.set(range.pos, range);
    const text = isModuleName(node) ? undefined : stringText(node);
    if (text !== undefined) strings.push({ file, line: lineOf(node.getStart()), scope: scopeOf(file, node), text });
    node.getChildren().forEach(visit);
  };
  visit(tree);
  return [...strings, ...joined([...comments.values()], source, tree, file)];
}

/** What a string literal or template says; `undefined` for another node, and for the parts of a template. */
function stringText(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
}

const isModuleName = ({ parent }: ts.Node): boolean =>
  parent !== undefined && (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent));

function scopeOf(file: string, node: ts.Node): Scope {
  const { parent } = node;
  if (ts.isCallExpression(parent) && parent.arguments[0] === node && isTestCall(parent)) return 'title';
  return TESTS.test(file) ? 'example' : 'message';
}

/** Comments as running text; `//` lines that follow each other are one. */
function joined(ranges: readonly ts.CommentRange[], source: string, tree: ts.SourceFile, file: string): Text[] {
  const lines: { line: number; last: number; text: string; isLine: boolean }[] = [];
  for (const range of ranges.toSorted((a, b) => a.pos - b.pos)) {
    const line = tree.getLineAndCharacterOfPosition(range.pos).line + 1;
    const last = tree.getLineAndCharacterOfPosition(range.end).line + 1;
    const text = source
      .slice(range.pos, range.end)
      .replace(/^\/\*+|\*+\/$|^\/\//g, '')
      .replace(/\n\s*\*?/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
    const before = lines.at(-1);
    const isLine = range.kind === ts.SyntaxKind.SingleLineCommentTrivia;
    if (isLine && before?.isLine && before.last === line - 1) {
      before.last = last;
      before.text += ` ${text}`;
    } else lines.push({ line, last, text, isLine });
  }
  return lines.map(({ line, text }) => ({ file, line, scope: 'comment', text }));
}

/** A line that begins something of its own: a heading, an item, a row, an HTML comment. */
const OWN_LINE = /^\s*(#|\||[-*] |\d+\. |<!--)/;

/** Paragraphs, headings, items, rows and fenced blocks of one Markdown file. */
export function documentTexts(file: string, source: string): readonly Text[] {
  const texts: Text[] = [];
  let fence: { line: number; language: string; lines: string[] } | undefined;
  let paragraph: { line: number; lines: string[] } | undefined;
  const endParagraph = (): void => {
    if (paragraph) texts.push({ file, line: paragraph.line, scope: 'docs', text: paragraph.lines.join('\n') });
    paragraph = undefined;
  };
  source.split('\n').forEach((text, index) => {
    const [, marker] = /^\s*```(\w*)/.exec(text) ?? [];
    if (marker === undefined && fence) fence.lines.push(text);
    else if (marker === undefined) {
      if (text.trim() === '' || OWN_LINE.test(text)) endParagraph();
      if (text.trim() !== '') (paragraph ??= { line: index + 1, lines: [] }).lines.push(text);
    } else if (fence) {
      texts.push({ file, line: fence.line, scope: 'docs', text: fence.lines.join('\n'), fence: fence.language });
      fence = undefined;
    } else {
      endParagraph();
      fence = { line: index + 2, language: marker, lines: [] };
    }
  });
  endParagraph();
  return texts;
}
