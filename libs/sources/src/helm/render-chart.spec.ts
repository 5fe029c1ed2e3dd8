import { readdirSync } from 'node:fs';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { chartOf, configMap, describeWithHelm, RELEASE, sourceContext, TARGET } from './helm.fixture.ts';
import { renderChart } from './render-chart.ts';

describeWithHelm('a chart rendered with helm', () => {
  const folder = temporaryFolder();
  const context = sourceContext(folder);
  const render = async (files: Readonly<Record<string, string>>, ...values: readonly string[]) =>
    renderChart(chartOf(files), values, RELEASE, TARGET, context);
  const manifests = async (files: Readonly<Record<string, string>>, ...values: readonly string[]) => {
    const result = await render(files, ...values);
    if (!result.ok) throw new Error(result.error.detail);
    return result.value.manifests;
  };
  const error = async (files: Readonly<Record<string, string>>, ...values: readonly string[]) => {
    const result = await render(files, ...values);
    return result.ok ? undefined : result.error;
  };
  afterEach(() => expect(readdirSync(folder)).toEqual([])); // nothing remains

  it('has the release, the target, and values of which later ones win', async () => {
    const template = configMap(
      'a',
      'name: {{ .Release.Name }}/{{ .Release.Namespace }}',
      'kubernetes: {{ .Capabilities.KubeVersion.Version }}',
      'group: {{ .Capabilities.APIVersions.Has "apps/v1" | quote }}',
      'kind: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}',
      'other: {{ .Capabilities.APIVersions.Has "acme.dev/v1" | quote }}',
      'values: {{ printf "%s %s %s" .Values.a .Values.b .Values.c }}',
    );
    const files = { 'templates/a.yaml': template, 'values.yaml': 'a: chart\nb: chart\nc: chart\n' };
    const text = await manifests(files, 'b: first\nc: first\n', 'c: second\n');
    expect(text).toContain('name: web/acme-web');
    expect(text).toContain('kubernetes: v1.36.3');
    expect(text).toContain('group: "true"');
    expect(text).toContain('kind: "true"');
    expect(text).toContain('other: "false"');
    expect(text).toContain('values: chart first second');
  });

  it('includes CustomResourceDefinitions and hooks, but no tests', async () => {
    const hook = (kind: string) => `{name: ${kind}, annotations: {helm.sh/hook: ${kind}}}`;
    const text = await manifests({
      'crds/crd.yaml': 'kind: CustomResourceDefinition\nmetadata: {name: crd}\n',
      'templates/hook.yaml': configMap('x').replace('{name: x}', hook('pre-install')),
      'templates/test.yaml': configMap('x').replace('{name: x}', hook('test')),
    });
    expect(text).toContain('kind: CustomResourceDefinition');
    expect(text).toContain('helm.sh/hook: pre-install');
    expect(text).not.toContain('helm.sh/hook: test');
  });

  it('warns of random values, with the template', async () => {
    const result = await render({
      'templates/fixed.yaml': configMap('a', 'b: c'),
      'templates/random.yaml': configMap('b', 'password: {{ randAlphaNum 20 }}'),
    });
    expect(result).toMatchObject({
      ok: true,
      value: { warnings: [expect.stringContaining('web/templates/random.yaml')] },
    });
    expect(JSON.stringify(result)).not.toMatch(/warnings.*fixed\.yaml/);
    expect(await render({ 'templates/fixed.yaml': configMap('a', 'b: c') })).toMatchObject({ value: { warnings: [] } });
  });

  it('reports violations of the schema of the values', async () => {
    const schema = JSON.stringify({ type: 'object', required: ['image'], properties: { port: { type: 'integer' } } });
    expect(await error({ 'values.schema.json': schema }, 'port: eighty\n')).toMatchObject({
      code: 'sources/render-refused',
      detail: `The values do not match the schema of the chart: missing property 'image'; port: got string, want integer.`,
      fix: 'correct the values in the manifest',
    });
  });

  it.each([
    [
      'a value that is not set',
      '{{ .Values.image.tag }}',
      /^web\/templates\/a\.yaml:1:\d+: <\.Values\.image\.tag>: nil pointer/,
    ],
    [
      'a required value',
      '{{ required "image is required" .Values.image }}',
      'web/templates/a.yaml:1:3: image is required.',
    ],
    ['a failure of the chart', '{{ fail "no way" }}', 'web/templates/a.yaml:1:3: no way.'],
    ['a syntax error', '\n{{ if }}', /^web\/templates\/a\.yaml:2: missing value for if\.$/],
    ['an unknown function', '{{ nope }}', 'web/templates/a.yaml:1: function "nope" not defined.'],
    ['an unknown template', '{{ include "nope" . }}', /^web\/templates\/a\.yaml:1:3: .*no template "nope"/],
    ['invalid YAML', 'a: b: c', /^web\/templates\/a\.yaml does not render to valid YAML: .*mapping values/],
  ])('reports %s in one sentence with its place', async (_, template, detail) => {
    const found = await error({ 'templates/a.yaml': template });
    expect(found).toMatchObject({ code: 'sources/render-refused', kind: 'invalid', fix: expect.any(String) });
    expect(found?.detail).toMatch(detail);
    expect(found?.detail).not.toContain(folder);
  });

  it('says which value to set', async () => {
    expect((await error({ 'templates/a.yaml': '{{ .Values.image.tag }}' }))?.fix).toBe('set image.tag in the values');
  });

  it('reports that a chart requires another version of Kubernetes', async () => {
    const chart = 'apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: ">=1.99"\n';
    expect((await error({ 'Chart.yaml': chart }))?.detail).toBe(
      'The chart requires Kubernetes >=1.99, and the cluster has v1.36.3.',
    );
  });

  it('reports values that are not YAML', async () => {
    expect((await error({}, 'a: ['))?.detail).toContain('values-0.yaml');
  });

  it('D8: does not look up objects or names, and reads no file outside of the chart', async () => {
    const files = {
      'templates/a.yaml': configMap(
        'a',
        'lookup: {{ lookup "v1" "Secret" "kube-system" "" | toJson | quote }}',
        'address: {{ getHostByName "localhost" | quote }}',
        'file: {{ .Files.Get "../../../../../../../../etc/passwd" | quote }}',
        'other: {{ .Files.Get "/etc/passwd" | quote }}',
      ),
    };
    const text = await manifests(files);
    expect(text).toContain('lookup: "{}"');
    expect(text).toContain('address: ""');
    expect(text).toContain('file: ""');
    expect(text).toContain('other: ""');
    for (const name of ['env', 'expandenv'])
      expect((await error({ 'templates/a.yaml': `{{ ${name} "HOME" }}` }))?.detail).toContain('not defined');
  });

  it('D5: hides values of the manifest in the errors that templates raise', async () => {
    const template =
      '{{ fail (printf "password is %s, %s, %q" .Values.password (b64enc .Values.password) .Values.more.note) }}';
    const raised = await error(
      { 'templates/a.yaml': template },
      'password: hunter2\nmore: { note: "first\\nsecond" }\n',
    );
    expect(raised?.detail).toContain('password is ***, ***, "***"');
    const short = await error({ 'templates/a.yaml': '{{ fail .Values.db.password }}' }, 'db: { password: xyz }\n');
    expect(short?.detail).not.toContain('xyz');
  });

  it('D8: ends templates that use too much memory, too much output, or recursion without end', async () => {
    expect(await error({ 'templates/a.yaml': '{{ range until 100000000 }}{{ end }}' })).toMatchObject({
      code: 'sources/render-limit',
      kind: 'invalid',
    });
    const large = '{{ range until 30 }}\n---\n{a: {{ repeat 1000000 "x" }}}\n{{ end }}';
    expect(await error({ 'templates/a.yaml': large })).toMatchObject({ code: 'sources/render-limit' });
    const endless = '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}';
    expect(await error({ 'templates/a.yaml': endless })).toMatchObject({ code: 'sources/render-refused' });
  });

  it('D8: ends a render after 10 seconds', async () => {
    const clock = manualClock();
    const slow = chartOf({ 'templates/a.yaml': '{{ range until 5000 }}{{ range until 100000 }}{{ end }}{{ end }}' });
    const result = renderChart(slow, [], RELEASE, TARGET, { ...context, clock });
    let ended = false;
    void result.finally(() => (ended = true));
    await eventually(() => {
      clock.advance(10_000);
      expect(ended).toBe(true);
    });
    expect(await result).toMatchObject({ ok: false, error: { code: 'sources/render-limit' } });
  });

  it.each(['--post-renderer=/bin/sh', '-x', 'Web', 'a'.repeat(54), '', 'a b', 'a\nb'])(
    'D1: refuses %j as the name of a release',
    async (name) => {
      const result = await renderChart(chartOf({}), [], { ...RELEASE, name }, TARGET, context);
      expect(result).toMatchObject({ ok: false, error: { code: 'sources/render-refused' } });
    },
  );

  it.each(['../a', '/etc/a', 'a/../../b', 'a\\b', 'C:a', 'a//b', './a', `a/${'x'.repeat(300)}`])(
    'refuses a chart with the path %j',
    async (path) => expect(await error({ [path]: 'x' })).toMatchObject({ code: 'sources/render-refused' }),
  );

  it('refuses a chart in which a file is also a folder, and one without Chart.yaml', async () => {
    expect(await error({ a: 'x', 'a/b': 'x' })).toMatchObject({ code: 'sources/render-refused' });
    const result = await renderChart({ files: new Map() }, [], RELEASE, TARGET, context);
    expect(result).toMatchObject({ ok: false, error: { code: 'sources/chart-invalid' } });
  });

  it('stops when it is canceled', async () => {
    const signal = AbortSignal.abort();
    const result = await renderChart(chartOf({}), [], RELEASE, TARGET, { ...context, signal });
    expect(result).toMatchObject({ ok: false, error: { code: 'sources/canceled' } });
  });
});

describe('without helm', () => {
  it('says that it is not installed', async () => {
    const context = sourceContext('/nowhere', { programs: {} });
    expect(await renderChart(chartOf({}), [], RELEASE, TARGET, context)).toMatchObject({
      ok: false,
      error: { code: 'sources/program-missing', detail: expect.stringContaining('helm') },
    });
  });
});
