import { expectsText } from '#bus/contract';
import {
  applicationSpecSchema,
  openEnvelope,
  readApplication,
  spellingWarnings,
  type ApplicationSpec,
} from '#deployments/contract';
import type { InputError } from '#kernel';
import { parseManifests, pathOf, placeAt, withTexts, type ManifestDocument, type Place } from '#kubernetes/yaml';

/** Something wrong in a text, at a line and a column, both counted from 1. */
export interface TextProblem extends Place {
  readonly message: string;
}

/** What a text is, as `astroctl app validate` reads it. */
export interface CheckedManifest {
  readonly problems: readonly TextProblem[];
  readonly warnings: readonly string[];
  /** The document, and its application; absent if there are problems. */
  readonly manifest?: { readonly value: unknown; readonly spec: ApplicationSpec };
  /** Returns the place of each error that the platform found in the manifest. */
  readonly placed: (errors: readonly InputError[]) => readonly TextProblem[];
}

const none = (problems: readonly TextProblem[]): CheckedManifest => ({ problems, warnings: [], placed: () => [] });

/** Checks the manifest of one application. */
export function checkManifest(text: string): CheckedManifest {
  const parsed = parseManifests(text, { dropEmptyKeys: true });
  if (!parsed.ok)
    return none(
      parsed.error.map(({ line, column, path, message }) => ({
        line,
        column,
        message: path.length > 0 ? `${path.join('.')}: ${message}` : message,
      })),
    );
  const [document, second] = parsed.value.documents;
  if (!document) return none([{ line: 1, column: 1, message: 'there is no manifest' }]);
  if (second) return none([{ line: second.line, column: 1, message: 'only one manifest can be applied here' }]);
  const opened = openEnvelope(document.value);
  const isSpec = opened.ok && opened.value.pointer === '';
  const value = withTexts(
    document,
    (path) =>
      path[0] === 'metadata' ||
      (isSpec
        ? expectsText(applicationSpecSchema, path)
        : path[0] === 'spec' && expectsText(applicationSpecSchema, path.slice(1))),
  );
  const placed = (errors: readonly InputError[]) => errors.map((error) => problemOf(error, document));
  const read = readApplication(value);
  return read.ok
    ? { problems: [], warnings: spellingWarnings('Application', value), manifest: { value, spec: read.value }, placed }
    : { problems: placed(read.error), warnings: [], placed };
}

function problemOf(error: InputError, document: ManifestDocument): TextProblem {
  const { pointer, message, unknownField } = error;
  const field = pathOf(pointer).join('.');
  const place = placeAt(document, error);
  if (!unknownField) return { ...place, message: field === '' ? message : `${field} ${message}` };
  const { nearest } = unknownField;
  return { ...place, message: `unknown field ${field}${nearest === undefined ? '' : `; did you mean ${nearest}?`}` };
}
