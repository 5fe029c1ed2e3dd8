import { createLaptop } from '#cli/testing';
import { getClusterIngressRequest, setClusterIngressRequest, type IngressSettings } from '#deployments/contract';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const settings: IngressSettings = {
  class: 'nginx',
  domain: null,
  tls: 'issuer:letsencrypt',
  annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': '8m' },
};
const laptop = () => {
  const at = createLaptop(folder, { commands: deploymentsCommands });
  at.logIn(['acme']);
  at.on(getClusterIngressRequest, () => settings);
  at.on(setClusterIngressRequest, () => settings);
  return at;
};
const TEXT = `class:           nginx
domain:          -
tls:             issuer:letsencrypt
annotations:     nginx.ingress.kubernetes.io/proxy-body-size=8m
`;

describe('use-D21: clusters ingress', () => {
  it('shows the settings, and as JSON their API format', async () => {
    expect(await laptop().run('clusters ingress get dev')).toMatchObject({ exit: 0, stdout: TEXT });
    const json = await laptop().run('clusters ingress get dev -o json');
    expect(JSON.parse(json.stdout)).toEqual(settings);
  });

  it('sends only the given settings; none and an empty value remove one', async () => {
    const at = laptop();
    const words = [
      'clusters',
      'ingress',
      'set',
      'dev',
      '--class',
      'nginx',
      '--domain',
      'none',
      '--annotation',
      'a=b=c',
    ];
    expect(await at.run([...words, '--annotation', 'd='])).toMatchObject({ exit: 0, stdout: TEXT });
    expect(at.sent.at(-1)?.input).toEqual({
      org: 'id-of-acme',
      name: 'dev',
      class: 'nginx',
      domain: null,
      annotations: { a: 'b=c', d: null },
    });
  });

  it.each([['clusters ingress set dev'], ['clusters ingress set dev --annotation novalue']])(
    'sends nothing for %s',
    async (words) => {
      const at = laptop();
      expect(await at.run(words)).toMatchObject({ exit: 2 });
      expect(at.sent).toEqual([]);
    },
  );
});
