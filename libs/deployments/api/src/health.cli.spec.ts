import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLaptop } from '#cli/testing';
import { getClusterHealthRequest, setClusterHealthRequest, type HealthSettings } from '#deployments/contract';
import { temporaryFolder } from '#testing';
import { parse } from 'yaml';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const settings: HealthSettings = {
  kinds: [
    {
      group: 'acme.dev',
      kind: 'Database',
      rules: [
        { path: 'status.phase', values: ['Running', 'Idle'], health: 'Healthy' },
        { condition: 'Ready', status: 'False', reasons: ['Broken'], health: 'Degraded' },
      ],
      otherwise: 'Progressing',
    },
  ],
};
const TEXT = `KIND               OTHERWISE    RULES
acme.dev/Database  Progressing  status.phase=Running|Idle: Healthy; Ready=False (Broken): Degraded
`;
const FILE = `kinds:
  - group: acme.dev
    kind: Database
    rules:
      - { path: status.phase, values: [Running, Idle], health: Healthy }
      - { condition: Ready, status: False, reasons: [Broken], health: Degraded }
    otherwise: Progressing
`;
const laptop = () => {
  const at = createLaptop(folder, { commands: deploymentsCommands });
  at.logIn(['acme']);
  at.on(getClusterHealthRequest, () => settings);
  at.on(setClusterHealthRequest, () => settings);
  return at;
};
const fileWith = (text: string): string => {
  const file = join(folder, 'health.yaml');
  writeFileSync(file, text);
  return file;
};

describe('clusters health', () => {
  it('shows the rules, and as YAML the form of the file', async () => {
    expect(await laptop().run('clusters health get dev')).toMatchObject({ exit: 0, stdout: TEXT });
    const yaml = await laptop().run('clusters health get dev -o yaml');
    expect(parse(yaml.stdout)).toEqual(settings);
  });

  it('sends the rules of a file, in which a status needs no quotes', async () => {
    const at = laptop();
    expect(await at.run(['clusters', 'health', 'set', 'dev', '-f', fileWith(FILE)])).toMatchObject({
      exit: 0,
      stdout: TEXT,
    });
    expect(at.sent.at(-1)?.input).toEqual({ org: 'id-of-acme', name: 'dev', ...settings });
  });

  it('accepts the file in the user guide', async () => {
    const guide = readFileSync(new URL('../../../../docs/user-guide.md', import.meta.url), 'utf8');
    const section = guide.split('### Health and failed rollouts\n')[1] ?? '';
    const [, text = ''] = /^```yaml\n(kinds:.*?)^```/ms.exec(section) ?? [];
    const at = laptop();
    expect(await at.run(['clusters', 'health', 'set', 'dev', '-f', fileWith(text)])).toMatchObject({ exit: 0 });
    expect(at.sent.at(-1)?.input).toMatchObject({ kinds: [{ group: 'acme.dev', kind: 'Database' }] });
  });

  it.each([
    ['a field of another name', FILE.replace('path:', 'paht:'), 'health.yaml:5:'],
    ['a second document', `${FILE}---\n${FILE}`, 'must contain one document with health rules'],
    ['what is not YAML', 'kinds: [', 'health.yaml:'],
  ])('sends nothing for %s', async (_, text, expected) => {
    const at = laptop();
    const refused = await at.run(['clusters', 'health', 'set', 'dev', '-f', fileWith(text)]);
    expect(refused).toMatchObject({ exit: 1, stderr: expect.stringContaining(expected) });
    expect(at.sent).toEqual([]);
  });

  it('needs a file', async () => expect(await laptop().run('clusters health set dev')).toMatchObject({ exit: 2 }));
});
