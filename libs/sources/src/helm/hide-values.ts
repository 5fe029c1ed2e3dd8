import { parseAllDocuments } from 'yaml';

/** Shorter texts are words of the chart more often than secrets. Texts below a key with such a name are always hidden. */
const MIN_LENGTH = 4;
const SECRET_NAME = /pass|secret|token|key|credential|auth/i;
const HIDDEN = '***';

/**
 * Replaces the values of a chart in a text, such as an error that a template raises: they may be secret, and errors are
 * recorded and shown to everybody who may see the application.
 *
 * @param values texts in YAML
 */
export function hideValues(text: string, values: readonly string[]): string {
  const found = new Set<string>();
  for (const value of values)
    for (const document of parseAllDocuments(value, { logLevel: 'silent' }))
      if (document.errors.length === 0) collect(document.toJS(), false, found);
  // The longest first, so that no rest of it remains.
  const forms = [...found].flatMap(formsOf).toSorted((a, b) => b.length - a.length);
  return forms.reduce((hidden, form) => hidden.replaceAll(form, HIDDEN), text);
}

function collect(value: unknown, isSecret: boolean, found: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value);
    if (text.length >= (isSecret ? 1 : MIN_LENGTH)) found.add(text);
  } else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) collect(member, isSecret || SECRET_NAME.test(name), found);
}

/** As it is, quoted, and in base64, as in a Secret. */
const formsOf = (value: string): string[] => [
  value,
  JSON.stringify(value).slice(1, -1),
  Buffer.from(value, 'utf8').toString('base64'),
];
