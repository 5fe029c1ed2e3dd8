import { chartOf } from './helm.fixture.ts';
import { mayVary } from './may-vary.ts';

describe('whether two renders of a chart can differ', () => {
  const vary = (files: Readonly<Record<string, string>>, ...values: readonly string[]) =>
    mayVary(chartOf(files).files, values);

  it.each([
    '{{ randAlphaNum 5 }}',
    '{{- $ca := genCA "ca" 10 -}}',
    '{{ .Values.a |\n  htpasswd "ada" }}',
    '{{ if "}" }}{{ now | date "2006" }}{{ end }}',
    '{{ uuidv4 }}',
    '{{ keys .Values.a | join "," }}',
    '{{ derivePassword 1 "long" "a" "b" "c" | bcrypt }}',
  ])('yes: %s', (text) => {
    expect(vary({ 'templates/a.yaml': text })).toBe(true);
    expect(vary({ 'files/a.txt': text })).toBe(true); // by tpl
    expect(vary({}, `a: '${text}'`)).toBe(true);
  });

  it.each(['{{ .Values.a }} now', 'values: {{ .Values.keys1 }} # rand', '{{ include "random" . }}', 'randInt', '{{'])(
    'no: %s',
    (text) => expect(vary({ 'templates/a.yaml': text }, text)).toBe(false),
  );

  it('yes for archives, which are not read, and no for documentation', () => {
    expect(vary({ 'charts/db-1.0.0.tgz': '' })).toBe(true);
    expect(vary({ 'README.md': '{{ now }}' })).toBe(false);
  });

  it('takes time in proportion to the text', () => {
    expect(vary({ 'templates/a.yaml': '{{'.repeat(5_000_000) })).toBe(false);
  });
});
