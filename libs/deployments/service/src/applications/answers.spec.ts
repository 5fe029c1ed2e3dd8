import { rollbackRequest } from '#deployments/contract';
import { idOf } from '#kernel';
import { entry, image } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { applicationsProjection } from './applications.projection.ts';

const given = givenPlatform();
const apply = (tag: string) => given.apply('web', image('web', tag));
const shows = (version: string, tag: string, more: object = {}) => ({
  ok: true,
  value: { application: { version, sourceRef: `images.acme.dev/web:${tag}`, ...more } },
  meta: { revision: Number(version.slice(1)) },
});

/** Runs `deed` between the write of a request and its response, and waits until the read models include it. */
async function behindTheWrite<T>(deed: () => Promise<unknown>, request: () => Promise<T>): Promise<T> {
  const { readModels } = given.platform.engines;
  const get = readModels.get.bind(readModels);
  let isDone = false;
  const late = async (...args: Parameters<typeof get>) => {
    Object.assign(readModels, { get });
    isDone = true;
    await deed();
    await given.platform.settled();
    return get(...args);
  };
  Object.assign(readModels, { get: late });
  const response = await request();
  expect(isDone).toBe(true);
  return response;
}

/** Keeps the read models unchanged while a request is processed. */
async function withOldReadModels<T>(writes: () => Promise<unknown>, request: () => Promise<T>): Promise<T> {
  const { readModels } = given.platform.engines;
  const get = readModels.get.bind(readModels);
  await given.platform.settled();
  const events = await given.platform.engines.events();
  const ids = events.flatMap(({ type, stream }) => (type === 'application.configured.v1' ? [idOf(stream)] : []));
  const old = new Map(await Promise.all(ids.map(async (id) => [id, await get(applicationsProjection, id)] as const)));
  Object.assign(readModels, { get: (...args: Parameters<typeof get>) => old.get(args[1]) ?? get(...args) });
  await writes();
  const response = await request();
  Object.assign(readModels, { get });
  return response;
}

describe('use-D14: the response to a write contains the revision that it wrote', () => {
  it('when others have applied revisions since', async () => {
    await apply('1');
    const response = await behindTheWrite(
      () => apply('3'),
      () => apply('2'),
    );
    expect(response).toMatchObject(shows('v2', '2', { status: 'REQUESTED' }));
    expect(await apply('3')).toMatchObject(shows('v3', '3'));
  });

  it('when it created the application and others have changed it since', async () => {
    const response = await behindTheWrite(
      () => apply('2'),
      () => apply('1'),
    );
    expect(response).toMatchObject(shows('v1', '1'));
  });

  it('for a rollback', async () => {
    await apply('1');
    await given.worker.deploy([entry('Deployment', 'web')]);
    await apply('2');
    const back = () => given.platform.ask(rollbackRequest, { org: ORG, name: 'web', to: 1 }, given.by('ada'));
    expect(await behindTheWrite(() => apply('4'), back)).toMatchObject(shows('v3', '1'));
  });

  it('when nothing had to be written and the read model is stale', async () => {
    await apply('1');
    await given.worker.deploy([entry('Deployment', 'web')]);
    const response = await withOldReadModels(
      async () => {
        await apply('2');
        await given.worker.deploy([entry('Deployment', 'web')]);
      },
      () => apply('2'),
    );
    expect(response).toMatchObject({ value: { outcome: 'unchanged' } });
    expect(response).toMatchObject(shows('v2', '2', { status: 'RUNNING', health: 'Healthy' }));
  });
});
