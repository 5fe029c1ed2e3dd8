import { PUBLIC, SERVICES_ONLY } from '#access';
import { EDGE, request, stream } from '#bus/contract';
import { workQueue } from '#work-queue/contract';
import { z } from 'zod';
import { natsAuthorization } from './authorization.ts';
import { natsPermissions } from './permissions.ts';

const base = { input: z.unknown(), output: z.unknown(), timeoutMs: 1 };
const contracts = [
  request({ ...base, subject: 'shop.v1.list', permission: PUBLIC, route: 'GET /v1/shops' }),
  request({ ...base, subject: 'shop.v1.internal', permission: SERVICES_ONLY, callers: ['till'] }),
  stream({ ...base, subject: 'till.v1.logs', permission: SERVICES_ONLY, callers: ['shop'] }),
];
const queue = workQueue({
  subject: 'shop.v1.work.sale',
  workers: ['till'],
  item: z.unknown(),
  ackWaitMs: 1_000,
  maxDeliveries: 3,
});
const of = (service: string, queues = [queue]) => natsPermissions(service, contracts, queues);

describe('the permissions of a NATS user', () => {
  it('permit it to send requests that list the service, to serve its own requests, and to read its own inboxes', () => {
    expect(of('shop', [])).toEqual({
      publish: ['_CALL.till.*.*', 'till.v1.logs'],
      subscribe: ['_INBOX.shop.>', '_STREAM.till.shop.*', 'shop.v1.internal', 'shop.v1.list'],
      repliesWithinMs: 120_000,
    });
  });

  it('permit the edge to send requests with a route, and no replies', () => {
    expect(of(EDGE)).toEqual({ publish: ['shop.v1.list'], subscribe: ['_INBOX.gateway.>'] });
  });

  it('permit a service with streams to send them to its readers, and to receive their control messages', () => {
    expect(of('till', [])).toEqual({
      publish: ['_STREAM.till.shop.*', 'shop.v1.internal'],
      subscribe: ['_CALL.till.*.*', '_INBOX.till.>', 'till.v1.logs'],
      repliesWithinMs: 120_000,
    });
  });

  it('permit only the service that enqueues to configure streams and consumers', () => {
    const configures = (service: string) =>
      of(service).publish.filter((subject) => /\.(CREATE|UPDATE|DELETE|PURGE)\b/.test(subject));
    expect(configures('till')).toEqual([]);
    expect(configures('shop')).toEqual([
      '$JS.API.CONSUMER.CREATE.WORK_shop_v1_work_sale.mover.shop.v1.work.sale.DELAYED',
      '$JS.API.CONSUMER.CREATE.WORK_shop_v1_work_sale.worker.shop.v1.work.sale',
      '$JS.API.STREAM.CREATE.DEAD_WORK_shop_v1_work_sale',
      '$JS.API.STREAM.CREATE.WORK_shop_v1_work_sale',
      '$JS.API.STREAM.UPDATE.DEAD_WORK_shop_v1_work_sale',
      '$JS.API.STREAM.UPDATE.WORK_shop_v1_work_sale',
    ]);
  });

  it('contain the streams and consumers of the queue only', () => {
    for (const service of ['shop', 'till'])
      for (const subject of of(service).publish.filter((name) => name.startsWith('$JS.') && name !== '$JS.API.INFO'))
        expect(subject).toContain('WORK_shop_v1_work_sale');
    expect(of('stranger')).toEqual({ publish: [], subscribe: ['_INBOX.stranger.>'] });
  });

  it('are formatted as configuration of the server, which denies everything to a service that sends nothing', () => {
    const user = { publicKey: 'UABC', seedFile: '/etc/astro/nats/x.nk' };
    const text = natsAuthorization([
      { ...user, service: 'till', permissions: of('till', []) },
      { ...user, service: 'stranger', permissions: of('stranger') },
    ]);
    expect(text).toBe(`authorization {
  users = [
    # till: /etc/astro/nats/x.nk
    {
      nkey: UABC
      permissions: {
        publish: { allow: [
          "_STREAM.till.shop.*"
          "shop.v1.internal"
        ] }
        subscribe: { allow: [
          "_CALL.till.*.*"
          "_INBOX.till.>"
          "till.v1.logs"
        ] }
        allow_responses: { max: 1, expires: "120s" }
      }
    }
    # stranger: /etc/astro/nats/x.nk
    {
      nkey: UABC
      permissions: {
        publish: { deny: [">"] }
        subscribe: { allow: [
          "_INBOX.stranger.>"
        ] }
      }
    }
  ]
}`);
  });
});
