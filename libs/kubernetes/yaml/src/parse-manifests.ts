import { Composer, isScalar, Lexer, LineCounter, Parser, type Document } from 'yaml';
import { convert, nodeAt, type Path, type Spot } from './convert.ts';

/** A position in a text. Line and column start at 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlError extends Place {
  /** Path from the root of the document; empty if the text is not YAML. */
  readonly path: Path;
  /** One sentence without a full stop. Never contains the value of a quoted scalar. */
  readonly message: string;
}

/** A document of a file as JSON. */
export interface ManifestDocument {
  readonly value: unknown;
  /** Line of its first content. */
  readonly line: number;
  /**
   * Returns the position of the member at `path` (of its key, or of its value in a list); if it does not exist, that of
   * its nearest ancestor.
   */
  position(path: Path): Place;
  /**
   * Converts a position within the text at `path` to its position in the file. Exact for literal blocks (`|`), whose
   * lines are unchanged; for other texts, returns the position of the text itself.
   */
  positionInside(path: Path, place: Place): Place;
  /** Returns the source text of a scalar without quotes, such as `1.10` for a version that was read as a number. */
  source(path: Path): string | undefined;
}

export interface ParseOptions {
  /** Maximum bytes; 4 MiB by default. */
  readonly maxBytes?: number;
  /** Maximum nesting of maps and lists; 64 by default. */
  readonly maxDepth?: number;
  /** Maximum uses of anchors in a document; 50 by default. */
  readonly maxAliases?: number;
  /** Maximum values in all documents together, with aliases expanded; 500,000 by default. */
  readonly maxNodes?: number;
  /** Maximum tokens (including line ends and whitespace), counted before the tree is built; 2,000,000 by default. */
  readonly maxTokens?: number;
  /** Maximum documents; 2,000 by default. */
  readonly maxDocuments?: number;
  /** Whether a key without a value (with only comments below it) is omitted instead of null; false by default. */
  readonly dropEmptyKeys?: boolean;
}

export type ParsedManifests =
  | {
      readonly ok: true;
      readonly value: { readonly documents: readonly ManifestDocument[]; readonly warnings: readonly YamlError[] };
    }
  | { readonly ok: false; readonly error: readonly YamlError[] };

/** Maximum number of reported errors. */
const MAX_FAULTS = 50;
const MAX_SYNTAX_FAULTS = 20;
const MAX_WARNINGS = 50;

/**
 * Parses YAML (and therefore JSON) like kubectl, but refuses what kubectl accepts silently: duplicate keys, unknown
 * tags, and numbers that cannot be represented. Omits documents without content. Time and memory are limited before
 * anything is expanded.
 */
export function parseManifests(text: string, options: ParseOptions = {}): ParsedManifests {
  const {
    maxBytes = 4 * 1024 * 1024,
    maxDepth = 64,
    maxAliases = 50,
    maxNodes = 500_000,
    maxDocuments = 2_000,
    maxTokens = 2_000_000,
    dropEmptyKeys = false,
  } = options;
  if (bytesOf(text) > maxBytes) return refuse(`the text is longer than ${maxBytes} bytes`);
  if (text.includes('\u0000')) return refuse('text must not contain NUL characters');

  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const locate = ({ offset, path, message }: Spot): YamlError => ({ ...placeOf(offset), path, message });

  const composed = compose(text, lines, { maxDepth, maxDocuments, maxTokens });
  if (!composed.ok) return { ok: false, error: [locate(composed.error)] };

  const documents: ManifestDocument[] = [];
  const faults: YamlError[] = [];
  const warnings: YamlError[] = [];
  let nodes = 0;
  for (const document of composed.value) {
    if (faults.length >= MAX_FAULTS) break;
    if (document.errors.length > 0) {
      const errors = document.errors.slice(0, MAX_SYNTAX_FAULTS);
      faults.push(
        ...errors.map(({ pos: [offset], message }) => locate({ offset, path: [], message: plainMessage(message) })),
      );
      continue;
    }
    if (document.contents === null || isBlank(document)) continue;
    const converted = convert(document, { maxDepth, maxAliases, maxNodes, dropEmptyKeys, nodes });
    nodes = converted.nodes;
    faults.push(...converted.faults.map(locate));
    if (warnings.length < MAX_WARNINGS) warnings.push(...converted.warnings.map(locate));
    documents.push({
      value: converted.value,
      line: placeOf(document.contents.range?.[0] ?? 0).line,
      position(path) {
        for (let length = path.length; length > 0; length--) {
          const found = nodeAt(document, path.slice(0, length));
          const offset = rangeStart(found?.key) ?? rangeStart(found?.node);
          if (offset !== undefined) return placeOf(offset);
        }
        return placeOf(document.contents?.range?.[0] ?? 0);
      },
      positionInside(path, { line, column }) {
        const node = nodeAt(document, path)?.node;
        const start = rangeStart(node);
        if (!isScalar(node) || start === undefined || node.type !== 'BLOCK_LITERAL') return this.position(path);
        const first = text.indexOf('\n', start) + 1;
        const [indentation = ''] = /^[ ]*(?=[^ \n])/m.exec(text.slice(first)) ?? [];
        return { line: placeOf(first).line + line - 1, column: indentation.length + column };
      },
      source(path) {
        const node = nodeAt(document, path)?.node;
        return isScalar(node) ? node.source : undefined;
      },
    });
  }
  return faults.length > 0 ? { ok: false, error: faults } : { ok: true, value: { documents, warnings } };
}

/** Returns the size of a text in UTF-8, in servers and browsers. */
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

const refuse = (message: string): ParsedManifests => ({
  ok: false,
  error: [{ line: 1, column: 1, path: [], message }],
});

/** Returns whether a document contains only comments. */
const isBlank = ({ contents }: Document): boolean =>
  isScalar(contents) && contents.type === 'PLAIN' && (contents.source ?? '') === '';

function rangeStart(node: unknown): number | undefined {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined;
}

type Composed =
  { readonly ok: true; readonly value: readonly Document[] } | { readonly ok: false; readonly error: Spot };

/** Tokens on the parser's stack in addition to open collections: the document, and a scalar. */
const EXTRA_TOKENS = 3;

/**
 * Parses the syntax only, with every scalar as text. Counts tokens, depth, and documents while reading, before the tree
 * is built.
 */
function compose(
  text: string,
  lines: LineCounter,
  { maxDepth, maxDocuments, maxTokens }: Required<Pick<ParseOptions, 'maxDepth' | 'maxDocuments' | 'maxTokens'>>,
): Composed {
  const parser = new Parser(lines.addNewLine);
  const composer = new Composer({
    schema: 'failsafe',
    version: '1.1',
    uniqueKeys: false,
    keepSourceTokens: false,
    logLevel: 'silent',
    prettyErrors: false,
  });
  const documents: Document[] = [];
  const over = (message: string): Composed => ({ ok: false, error: { offset: parser.offset, path: [], message } });
  let tokens = 0;
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    if (++tokens > maxTokens) return over(`the text has more than ${maxTokens} tokens`);
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
    if (parser.stack.length > maxDepth + EXTRA_TOKENS) return over(`values are nested deeper than ${maxDepth}`);
    if (documents.length > maxDocuments) return over(`there are more than ${maxDocuments} documents`);
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end(false, text.length));
  return { ok: true, value: documents };
}

const plainMessage = (message: string): string =>
  (message.split('\n')[0] ?? '')
    .replace(/ at line \d+, column \d+:?$/, '')
    .replace(/[.:]$/, '')
    .slice(0, 200);
