import { programChecks } from './program-check.ts';

const statuses = (found: Parameters<typeof programChecks>[0]) =>
  programChecks(found).map(({ name, status, fix }) => [name, status, fix]);

describe('the check of the programs of sources', () => {
  it('warns of each that is missing, with the setting of its path', () =>
    expect(statuses({ git: '/usr/bin/git', kubectl: '/opt/kubectl' })).toEqual([
      ['git', 'ok', null],
      ['helm', 'warn', 'install helm, or set ASTRO_HELM'],
      ['kubectl', 'ok', null],
    ]));

  it('fails if they could not be searched for', () =>
    expect(statuses(undefined).map(([, status]) => status)).toEqual(['failed', 'failed', 'failed']));
});
