import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLaptop } from '#cli/testing';
import { applyApplicationRequest } from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { deploymentsCommands, deploymentsGroups } from './cli.ts';

const folder = temporaryFolder();

function laptopWith(files: Readonly<Record<string, string | Uint8Array>>) {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: deploymentsGroups });
  laptop.logIn(['acme']);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(laptop.folder, name, '..'), { recursive: true });
    writeFileSync(join(laptop.folder, name), content);
  }
  return laptop;
}
const application = (name: string, more = '') =>
  `name: ${name}\nsource:\n  type: image\n  image:\n    repository: web\n    tag: 1.10\n${more}`;

describe('app validate, without a server', () => {
  it('use-D18: prints the path and line of what Kubernetes would reject', async () => {
    const laptop = laptopWith({ 'web.yaml': application('web', '    ports:\n      - { name: a, port: 80 }\n') });
    const { exit, stderr } = await laptop.run('app validate -f web.yaml');
    expect(exit).toBe(1);
    expect(stderr).toContain(
      'Error: web.yaml:8:20: source.image.ports.0.port is the port of the Service itself; use another port. Nothing was sent.',
    );
    expect(laptop.sent).toEqual([]);
  });

  it('use-D18: prints the line of an error inside inline manifests', async () => {
    const manifest =
      'apiVersion: platform.astropulse.io/v1\nkind: Application\nmetadata: { name: shop }\nspec:\n  source:\n    type: yaml\n    yaml:\n' +
      '      manifests: |\n        apiVersion: v1\n        kind: ConfigMap\n        metadata: { name: a }\n        dta: {}\n';
    const { stderr } = await laptopWith({ 'shop.yaml': manifest }).run('app validate -f shop.yaml');
    expect(stderr).toContain('Error: shop.yaml:12:9: spec.source.yaml.manifests ConfigMap a: dta: ');
    expect(stderr.split('did you mean data?')).toHaveLength(2);
  });

  it('names standard input as the option does in the command that fixes it', async () => {
    const { stderr } = await laptopWith({}).run('app apply -f -', { stdin: application('web', 'colour: red\n') });
    expect(stderr).toContain('Error: standard input:');
    expect(stderr).toMatch(/^Fix: .* astroctl app validate -f -$/m);
  });

  it('explains how to deploy a Kubernetes object', async () => {
    const laptop = laptopWith({ 'web.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n' });
    const { exit, stderr } = await laptop.run('app apply -f web.yaml');
    expect(exit).toBe(1);
    expect(stderr).toContain(
      'Error: web.yaml:2:1: kind is Deployment of apps/v1, a Kubernetes object; to deploy it, apply an Application with source.type yaml and the object as text in source.yaml.manifests. Nothing was sent.',
    );
  });

  it('use-D18: rejects the same application twice, also in two files', async () => {
    const laptop = laptopWith({
      'a/web.yaml': application('web'),
      'a/z.yaml': `${application('api')}---\n${application('web')}`,
    });
    const { exit, stderr } = await laptop.run('app apply -f a');
    expect(exit).toBe(1);
    expect(stderr).toContain(
      'Error: a/z.yaml:8: Application web is defined twice; first in a/web.yaml:1. Nothing was sent.',
    );
    expect(laptop.sent).toEqual([]);
  });

  it('use-C7: reports that a file is UTF-16', async () => {
    const text = application('web');
    const laptop = laptopWith({
      'marked.yaml': Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
      'plain.yaml': Buffer.from(text, 'utf16le'),
      'latin.yaml': Buffer.from('description: Gr\xfc\xdfe', 'latin1'),
      'mark.yaml': `\ufeff${text}`,
    });
    expect((await laptop.run('app validate -f marked.yaml')).stderr).toBe(
      'Error: marked.yaml is encoded as UTF-16; manifests must be UTF-8. Nothing was sent.\nFix:   save it as UTF-8\n',
    );
    expect((await laptop.run('app validate -f plain.yaml')).stderr).toContain('UTF-16');
    expect((await laptop.run('app validate -f latin.yaml')).stderr).toContain('latin.yaml is not UTF-8 text.');
    expect(await laptop.run('app validate -f mark.yaml')).toMatchObject({ exit: 0 });
  });
});

describe('use-C9: an error of the server', () => {
  it('is printed once, with file and line', async () => {
    const laptop = laptopWith({ 'deploy/web.yaml': `# ours\n${application('web', '    replicas: 9\n')}` });
    laptop.on(applyApplicationRequest, () =>
      domainError('deployments/manifest-invalid', 'invalid', 'The manifest of application/web is invalid.', {
        errors: [{ pointer: '/source/image/replicas', message: 'must be between 1 and 3 on tier basic' }],
      }),
    );
    const { stderr } = await laptop.run('app apply -f deploy');
    expect(stderr.split('\n')[0]).toBe(
      'Error: deploy/web.yaml:8:5: source.image.replicas must be between 1 and 3 on tier basic.',
    );
  });

  it('is printed once when its sentence already names the field', async () => {
    const laptop = laptopWith({ 'web.yaml': application('web', 'profileName: prod\n') });
    laptop.on(applyApplicationRequest, () =>
      domainError(
        'deployments/profile-not-found',
        'invalid',
        'application/web refers to profile prod, which does not exist.',
        {
          errors: [{ pointer: '/profileName', message: 'refers to profile prod, which does not exist' }],
        },
      ),
    );
    expect((await laptop.run('app apply -f web.yaml')).stderr.split('\n')[0]).toBe(
      'Error: web.yaml:7:1: profileName refers to profile prod, which does not exist.',
    );
  });
});
