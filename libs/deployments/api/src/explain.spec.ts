import { createLaptop } from '#cli/testing';
import { temporaryFolder } from '#testing';
import { deploymentsCommands, deploymentsGroups } from './cli.ts';

const folder = temporaryFolder();
const explain = (words: string) =>
  createLaptop(folder, { commands: deploymentsCommands, groups: deploymentsGroups }).run(`explain ${words}`);

describe('use-E3: explain', () => {
  it('describes a field in the format of kubectl explain, without a server or a login', async () => {
    const { exit, stdout } = await explain('application.source.yaml');
    expect(exit).toBe(0);
    expect(stdout).toBe(
      [
        'KIND:       Application',
        'VERSION:    platform.astropulse.io/v1',
        '',
        'FIELD: yaml\t<Object>',
        '',
        'DESCRIPTION:',
        '    Kubernetes manifests.',
        '',
        'EXAMPLE:',
        '    yaml: {"manifests":"apiVersion: v1\\nkind: ConfigMap\\nmetadata: { name: settings }\\ndata: { log: debug }\\n"}',
        '',
        'FIELDS:',
        '  manifests\t<string>',
        '    Kubernetes manifests in YAML, as one string with several documents.',
        '',
        '  repo\t<Object>',
        '    A folder or file with plain manifests in a git repository, instead of',
        '    manifests. A folder is read without its subfolders.',
        '',
        '  exclude\t<string>',
        '    Files of the folder to leave out, as a glob.',
        '',
        '  repoURL\t<string>',
        '    Older spelling of repo.repoURL.',
        '',
        '  path\t<string>',
        '    Older spelling of repo.path.',
        '',
        '  targetRevision\t<string>',
        '    Older spelling of repo.targetRevision.',
        '',
        '  targetBranch\t<string>',
        '    Older spelling of repo.targetRevision.',
        '',
        '',
      ].join('\n'),
    );
  });

  it('describes a kind, a list, an enumeration, and all fields below a field', async () => {
    expect((await explain('app')).stdout).toContain(
      '  source\t<Object> -required-\n    Source of the objects to deploy.',
    );
    expect((await explain('application.spec.source.image.env')).stdout).toContain('FIELD: env\t<[]Object>');
    expect((await explain('application.source.image.env.fieldRef')).stdout).toContain('status.podIP');
    expect((await explain('application.source.type')).stdout).toContain(
      'ENUM:\n    image\n    helm\n    repository\n    yaml\n',
    );
    expect((await explain('profile --recursive')).stdout).toContain(
      '  defaults\t<Object>\n    port\t<integer or string>\n',
    );
  });

  it('suggests the nearest field for a wrong path, and lists the kinds for a wrong kind', async () => {
    expect(await explain('application.source.imag')).toMatchObject({
      exit: 2,
      stderr:
        'Error: application.source has no field imag.\nFix:   did you mean image? Run: astroctl explain application.source.image\n',
    });
    expect((await explain('application.source.source')).stderr).toContain('application.source has no field source.');
    expect((await explain('application.externalAccess')).stdout).toContain('FIELD: externalAccess\t<Object>');
    expect((await explain('deployment')).stderr).toContain(
      'use one of: application, applicationprofile, k8sclusterregistration',
    );
  });
});
