import { z } from 'zod';
import { loginAdmin, startPlatform, type Machine, type Platform } from '#testing';

const endpointsSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      endpoints: z.array(z.looseObject({ targetRef: z.looseObject({ name: z.string() }) })).nullish(),
    }),
  ),
});

/** What an image application becomes on a cluster, looked at with kubectl. */
describe('image applications on a cluster', () => {
  let platform: Platform;
  let ada: Machine;

  beforeAll(async () => {
    platform = await startPlatform();
    ada = (await loginAdmin(platform)).machine;
    await ada.run('clusters set-context sandbox');
  });
  afterAll(() => platform.stop());

  const application = (name: string, tag: string, { more = '', image = '' } = {}) =>
    `name: ${name}\nprofileName: default\n${more}source: { type: image, image: { registry: sandbox.invalid, repository: app, tag: "${tag}", ${image} } }\n`;
  const apply = (...given: Parameters<typeof application>) => ada.run('app apply -f - --wait', application(...given));
  const kubectl = async (args: string): Promise<string> => {
    const done = await ada.kubectl(args.split(' '));
    if (done.code !== 0) throw new Error(done.stderr);
    return done.stdout;
  };

  it('use-D17: run beside each other in one namespace, each Service with the pods of its own', async () => {
    const shared = { more: 'namespace: shop\n' };
    await apply('web', '1', shared);
    await apply('api', '1', shared);
    const slices = await kubectl('-n shop get endpointslices -o json');
    const pods = new Map(
      endpointsSchema
        .parse(JSON.parse(slices))
        .items.map(({ metadata, endpoints }) => [
          metadata.labels['kubernetes.io/service-name'],
          (endpoints ?? []).map(({ targetRef }) => targetRef.name.split('-')[0]),
        ]),
    );
    expect(pods).toEqual(
      new Map([
        ['web-app', ['web']],
        ['api-app', ['api']],
      ]),
    );
  });
});
