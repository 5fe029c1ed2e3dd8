import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { VERSION } from '#kernel';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('the version of a release', () => {
  it.each(['package.json', 'package-lock.json'])('in %s equals VERSION of the kernel', (file) => {
    expect(JSON.parse(read(file)).version).toBe(VERSION);
  });

  it('in package-lock.json equals that of the root package', () => {
    expect(JSON.parse(read('package-lock.json')).packages[''].version).toBe(VERSION);
  });

  it('is the newest one in CHANGELOG.md, where versions descend', () => {
    const versions = [
      ...read('CHANGELOG.md').matchAll(/^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d\d-\d\d)$/gm),
    ].map(([, version]) => version);
    expect(versions[0]).toBe(VERSION);
    expect(versions).toEqual(versions.toSorted((a, b) => (b ?? '').localeCompare(a ?? '', 'en', { numeric: true })));
    expect(read('CHANGELOG.md').match(/^## /gm)).toHaveLength(versions.length);
  });
});

describe('CI', () => {
  it('uses the Node that package.json installs', () => {
    expect(read('.nvmrc').trim()).toBe(JSON.parse(read('package.json')).dependencies.node);
  });

  it('runs .ci/run and no other command', () => {
    const steps: { run?: string }[] = Object.values<{ steps: { run?: string }[] }>(
      parse(read('.github/workflows/ci.yml')).jobs,
    ).flatMap((job) => job.steps);
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual(['.ci/run']);
  });
});
