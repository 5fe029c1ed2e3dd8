import { readIndex } from './chart-index.ts';

const HEX = 'ab'.repeat(32);

/** As helm writes it. */
const INDEX = `apiVersion: v1
entries:
  alpha:
  - apiVersion: v2
    version: 9.9.9
    urls:
    - https://charts.test/alpha.tgz
  web:
  - annotations:
      notes: |
        - version: 6.6.6
        web:
        urls: [x]
    apiVersion: v2
    appVersion: "1"
    created: "2026-01-01T00:00:00Z"
    dependencies:
    - name: db
      version: 7.7.7
      repository: https://charts.test
    description: 'a: b'
    digest: ${HEX}
    name: web
    urls:
    - web-1.10.tgz
    - https://mirror.test/web-1.10.tgz
    version: 1.10
  - urls:
      - https://charts.test/web-1.2.0.tgz
    version: "1.2.0"
  - version: 1.0.0
  "zeta":
  - version: 5.5.5
    urls: [zeta.tgz]
generated: "2026-01-01T00:00:00Z"
`;

const WEB = {
  found: 'versions',
  versions: [
    { version: '1.10', urls: ['web-1.10.tgz', 'https://mirror.test/web-1.10.tgz'], digest: `sha256:${HEX}` },
    { version: '1.2.0', urls: ['https://charts.test/web-1.2.0.tgz'] },
  ],
};

describe('the index of a chart repository', () => {
  it('has the versions of one chart, without those that cannot be downloaded', async () => {
    expect(await readIndex(INDEX, 'web')).toEqual(WEB);
    expect(await readIndex(INDEX, 'zeta')).toMatchObject({ versions: [{ version: '5.5.5', urls: ['zeta.tgz'] }] });
    expect(await readIndex(INDEX.replaceAll('\n', '\r\n'), 'web')).toEqual(WEB);
  });

  it('may have versions in braces', async () => {
    const inBraces = `entries:\n  alpha: []\n  web:\n  - { version: 1.2.0, urls: [web.tgz], digest: ${HEX} }\n`;
    expect(await readIndex(inBraces, 'web')).toEqual({
      found: 'versions',
      versions: [{ version: '1.2.0', urls: ['web.tgz'], digest: `sha256:${HEX}` }],
    });
  });

  it('may indent lists, and be JSON', async () => {
    const indented = INDEX.replace(
      /^ {2}web:\n([\s\S]*?)(?=^ {2}"zeta)/m,
      (_, items: string) => `  web:\n${items.replace(/^/gm, '  ').trimEnd()}\n`,
    );
    expect(indented).not.toBe(INDEX);
    expect(await readIndex(indented, 'web')).toEqual(WEB);
    const json = JSON.stringify({ entries: { web: WEB.versions } });
    expect(await readIndex(json, 'web')).toEqual(WEB);
    expect(await readIndex('entries: {web: [{version: 1.10, urls: [a]}]}', 'web')).toMatchObject({
      versions: [{ version: '1.10' }],
    });
    expect(await readIndex('entries:\n  web: [{version: 1.10, urls: [a]}]\n', 'web')).toMatchObject({
      found: 'no-chart',
    });
  });

  it('names the chart that was probably meant', async () => {
    expect(await readIndex(INDEX, 'wed')).toEqual({ found: 'no-chart', nearest: 'web' });
    expect(await readIndex(INDEX, 'version')).toMatchObject({ found: 'no-chart' });
    expect(await readIndex('apiVersion: v1\nentries: {}\n', 'web')).toEqual({ found: 'no-chart' });
  });

  it.each(['<html></html>', '', '[]', '{', 'entries: 1', `a: "${'x'.repeat(300_000)}"`])(
    'is not a text such as %.20s',
    async (text) => expect(await readIndex(text, 'web')).toEqual({ found: 'no-index' }),
  );

  it('is read in parts if it is large', async () => {
    const version = (number: number) =>
      `  - description: ${'x'.repeat(900)}\n    urls:\n    - web-${number}.tgz\n    version: 1.0.${number}\n`;
    const others = Array.from({ length: 2_000 }, (_, index) => `  chart-${index}:\n${version(index).repeat(4)}`);
    const web = Array.from({ length: 1_000 }, (_, index) => version(index)).join('');
    const text = `entries:\n${others.join('')}  web:\n${web}  zeta:\n${version(1)}`;
    expect(text.length).toBeGreaterThan(8_000_000);
    const read = await readIndex(text, 'web');
    expect(read.found === 'versions' && read.versions.length).toBe(1_000);
    expect(read.found === 'versions' && read.versions[999]).toEqual({ version: '1.0.999', urls: ['web-999.tgz'] });
  });
});
