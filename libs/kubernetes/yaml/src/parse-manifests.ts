import { Composer, isScalar, Lexer, LineCounter, Parser, type Document } from 'yaml';
import { convert, nodeAt, type Path, type Spot } from './convert.ts';

/** A place in a text, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlError extends Place {
  /** Member names and list indexes from the top of the document; empty when the text is not YAML. */
  readonly path: Path;
  /** One sentence without a full stop; never contains the value of a quoted scalar. */
  readonly message: string;
}

/** One document of a file as JSON. */
export interface ManifestDocument {
  readonly value: unknown;
  /** Line of its first content. */
  readonly line: number;
  /** Where the member at `path` is written (its key, or its value in a list); the nearest one above when it is not there. */
  position(path: Path): Place;
  /**
   * Where a place inside the text at `path` is written in the file. Exact for literal blocks (`|`), whose lines stand as they
   * are; for other texts the place of the text itself.
   */
  positionInside(path: Path, place: Place): Place;
  /** The text of a scalar as written, without its quotes: `1.10` for a number field that means a version. */
  source(path: Path): string | undefined;
}

export interface ParseOptions {
  /** Bytes; 4 MiB when left out. */
  readonly maxBytes?: number;
  /** Levels of maps and lists; 64 when left out. */
  readonly maxDepth?: number;
  /** Uses of anchors in a document; 50 when left out. */
  readonly maxAliases?: number;
  /** Values in all documents together, aliases expanded; 500,000 when left out. */
  readonly maxNodes?: number;
  /** Words, marks, line ends and the space between them, counted before anything is built; 2,000,000 when left out. */
  readonly maxTokens?: number;
  /** 2,000 when left out. */
  readonly maxDocuments?: number;
  /** A key without a value (only comments below it) is absent instead of null; false when left out. */
  readonly dropEmptyKeys?: boolean;
}

export type ParsedManifests =
  | {
      readonly ok: true;
      readonly value: { readonly documents: readonly ManifestDocument[]; readonly warnings: readonly YamlError[] };
    }
  | { readonly ok: false; readonly error: readonly YamlError[] };

/** More than these are not told: the first ones are what people repair. */
const MOST_FAULTS = 50;
const MOST_SYNTAX_FAULTS = 20;
const MOST_WARNINGS = 50;

/**
 * Reads YAML (and so JSON) as kubectl does, but refuses what kubectl takes silently: duplicate keys, unknown tags, numbers that
 * do not fit. Documents without content are left out. Work and memory are bounded before anything is expanded.
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
  if (Buffer.byteLength(text) > maxBytes) return refuse(`the text is longer than ${maxBytes} bytes`);
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
    if (faults.length >= MOST_FAULTS) break;
    if (document.errors.length > 0) {
      const told = document.errors.slice(0, MOST_SYNTAX_FAULTS);
      faults.push(
        ...told.map(({ pos: [offset], message }) => locate({ offset, path: [], message: plainMessage(message) })),
      );
      continue;
    }
    if (document.contents === null || isBlank(document)) continue;
    const converted = convert(document, { maxDepth, maxAliases, maxNodes, dropEmptyKeys, nodes });
    nodes = converted.nodes;
    faults.push(...converted.faults.map(locate));
    if (warnings.length < MOST_WARNINGS) warnings.push(...converted.warnings.map(locate));
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

const refuse = (message: string): ParsedManifests => ({
  ok: false,
  error: [{ line: 1, column: 1, path: [], message }],
});

/** A document of nothing but comments. */
const isBlank = ({ contents }: Document): boolean =>
  isScalar(contents) && contents.type === 'PLAIN' && (contents.source ?? '') === '';

function rangeStart(node: unknown): number | undefined {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined;
}

type Composed =
  { readonly ok: true; readonly value: readonly Document[] } | { readonly ok: false; readonly error: Spot };

/** The tokens that lie on the parser's stack beside the collections that are open: the document, and a scalar. */
const BESIDE_COLLECTIONS = 3;

/** Syntax only: every scalar stays a text. Tokens, depth and documents are counted while they are read, before the tree is built. */
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
    if (parser.stack.length > maxDepth + BESIDE_COLLECTIONS) return over(`values are nested deeper than ${maxDepth}`);
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
