import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { documentTexts } from '../checks/text/texts.ts';
import { CHART, DISTRIBUTED, helm, NEEDED, rendered, type Values } from './chart.fixture.ts';
import { composeText, readCompose, ROOT } from './compose.fixture.ts';

const PAGE = join('docs', 'operations', 'installation.md');
const blocks = documentTexts(PAGE, readFileSync(join(ROOT, PAGE), 'utf8'));
const fenced = (fence: string) => blocks.filter((block) => block.fence === fence).map(({ text }) => text);
/** The shell commands of the page, with joined lines. */
const commands = fenced('sh').flatMap((text) =>
  text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim()),
);

describe('docs/operations/installation.md', () => {
  const installs = commands.filter((line) => /^helm (install|upgrade) /.test(line));

  it.each(installs)('has a helm command that the chart accepts: %s', async (line) => {
    const [, , release = '', chart = '', ...options] = line.split(/\s+/);
    expect(chart).toBe('deploy/helm/astro-platform');
    const words = options.filter((word) => word !== '--create-namespace' && word !== '--reset-then-reuse-values');
    const isUpgrade = line.includes('--reset-then-reuse-values');
    const done = await helm(['template', release, CHART, ...words, '--values', '-'], isUpgrade ? NEEDED : {});
    expect([done.code, done.stderr]).toEqual([0, '']);
  });

  it.each(fenced('yaml').filter((text) => text.startsWith('# values')))('has valid values: %s', async (text) => {
    const objects = await rendered({ ...NEEDED, ...(parse(text) as Values) });
    expect(objects.length).toBeGreaterThan(3);
  });

  it('creates every Secret that its values name, with the keys that the chart reads', async () => {
    const values = fenced('yaml').find((text) => text.includes('profile: distributed')) ?? '';
    const objects = JSON.stringify(await rendered({ ...DISTRIBUTED, ...(parse(values) as Values) }));
    const created = new Map(
      commands.flatMap((line) => {
        const [, name = '', rest = ''] = /^kubectl create secret generic (\S+) (.*)$/.exec(line) ?? [];
        const [, key] = /--from-literal=([^=]+)=/.exec(rest) ?? [];
        return name === '' ? [] : [[name, key] as const];
      }),
    );
    const read = [...objects.matchAll(/"secretKeyRef":\{"name":"([^"]+)","key":"([^"]+)"\}/g)];
    expect(new Set(read.map(([, name]) => name))).toEqual(new Set(created.keys()));
    for (const [, name = '', key = ''] of read) {
      const literal = created.get(name);
      // The Secret of a folder has the names of its files.
      if (literal === undefined) expect(key).toMatch(/^[a-z-]+\.caller-keys$/);
      else expect([name, key]).toEqual([name, literal]);
    }
  });

  it('starts the compose file, and sets only variables that it reads', () => {
    expect(commands).toContain('node deploy/secrets.mjs');
    expect(commands.some((line) => line.startsWith('docker compose --file deploy/compose.yaml up '))).toBe(true);
    const set = commands.flatMap((line) => /^(ASTRO_\w+)=/.exec(line)?.[1] ?? []);
    expect(set.length).toBeGreaterThan(0);
    for (const name of set) expect(composeText()).toMatch(new RegExp(`\\b${name}\\b`));
    expect(() => readCompose({})).toThrow('deploy/secrets.mjs');
  });
});
