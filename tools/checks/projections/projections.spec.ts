import { join } from 'node:path';
import { accessKeysService } from '#access-keys/service';
import { auditService } from '#audit/service';
import { billingService } from '#billing/service';
import { deploymentsService } from '#deployments/service';
import { identityService } from '#identity/service';
import { organizationsService } from '#organizations/service';
import { accepted, projectionProblems, projectionSources, projectionsOf, readFingerprints } from './fingerprints.ts';

const root = join(import.meta.dirname, '..', '..', '..');

describe('the projections of this repository', () => {
  const projections = projectionsOf(root);

  it('produce the documents that their names have always had', () => {
    expect(projectionProblems(projections, readFingerprints(root))).toEqual([]);
  });

  it('are all found in the sources', () => {
    const services = [
      accessKeysService,
      auditService,
      billingService,
      deploymentsService,
      identityService,
      organizationsService,
    ];
    const served = services.flatMap((service) => service.projections.map(({ name }) => name));
    expect(projections.map(({ name }) => name).toSorted()).toEqual(served.toSorted());
  });
});

describe('the fingerprint of a projection', () => {
  const PROJECTION = 'libs/shops/service/src/shops.projection.ts';
  const sources: Readonly<Record<string, string>> = {
    [PROJECTION]: `
      import type { Projection } from '#kernel';
      import { idOf } from '#kernel';
      import { shopEvents, type ShopEvent } from './shop.events.ts';
      import { LIMIT } from '#shops/contract';
      const unused = 1;
      const opened = (name: string) => ({ name, seats: LIMIT });
      export const shops: Projection<ShopEvent, { name: string }> = {
        name: 'shops.v1',
        events: shopEvents,
        indexes: ['name'],
        documentId: ({ metadata }) => idOf(metadata.stream),
        apply(shop, { event }) {
          return event.type === 'shop.opened.v1' ? opened(event.data.name) : shop;
        },
      };
    `,
    'libs/shops/service/src/shop.events.ts': `
      import { convert } from './convert.ts';
      export const shopEvents = { categories: ['shop'], types: { 'shop.opened.v1': true }, upcast: convert };
    `,
    'libs/shops/service/src/convert.ts': `
      export function convert(stored: { data: number }) { return -stored.data; }
    `,
    'libs/shops/contract/src/index.ts': `export { LIMIT } from './limit.ts';`,
    'libs/shops/contract/src/limit.ts': `export const LIMIT = 5;`,
    'libs/kernel/src/index.ts': `export const idOf = (stream: string) => stream;`,
  };
  /** Returns the fingerprint after one text was replaced in one file. */
  function fingerprint(file = PROJECTION, from = '', to = ''): string {
    expect(sources[file]).toContain(from);
    const [found, ...more] = projectionSources([PROJECTION], (path) =>
      path === file ? sources[path]?.replace(from, to) : sources[path],
    );
    expect(more).toEqual([]);
    return found?.fingerprint ?? '';
  }
  const before = fingerprint();

  it.each([
    ['a comment', `apply(shop`, `/** Keeps what is open. */ apply(shop`],
    ['formatting', `? opened(event.data.name) : shop;`, `\n? (opened(\nevent.data.name,\n))\n: shop`],
    ['quotes', `'shop.opened.v1' ?`, `"shop.opened.v1" ?`],
    ['a type', `(name: string) =>`, `(name: string): { name: string; seats: number } =>`],
    ['unused code', `unused = 1`, `unused = 2`],
  ])('does not change with %s', (_, from, to) => {
    expect(fingerprint(PROJECTION, from, to)).toBe(before);
  });

  it.each([
    ['apply', PROJECTION, `=== 'shop.opened.v1'`, `!== 'shop.opened.v1'`],
    ['documentId', PROJECTION, `idOf(metadata.stream)`, `metadata.stream`],
    ['an index', PROJECTION, `['name']`, `['name', 'seats']`],
    ['a function that apply calls', PROJECTION, `seats: LIMIT`, `seats: LIMIT, open: true`],
    [
      'the event types',
      'libs/shops/service/src/shop.events.ts',
      `true }, upcast`,
      `true, 'shop.closed.v1': true }, upcast`,
    ],
    ['the conversion of retired shapes, two files away', 'libs/shops/service/src/convert.ts', `-stored`, `+stored`],
    ['a constant of its contract', 'libs/shops/contract/src/limit.ts', `5`, `6`],
  ])('changes with %s', (_, file, from, to) => {
    expect(fingerprint(file, from, to)).not.toBe(before);
  });

  it('does not depend on other projects', () => {
    expect(fingerprint('libs/kernel/src/index.ts', `=> stream`, `=> stream.slice(1)`)).toBe(before);
  });

  it('is reported with the next name to use, and the command that accepts an equivalent change', () => {
    const kept = { current: { 'shops.v9': 'a' }, retired: {} };
    const [changed] = projectionProblems([{ name: 'shops.v9', file: PROJECTION, fingerprint: 'b' }], kept);
    expect(changed).toContain('Give it the next name (shops.v10)');
    expect(changed).toContain('npm run projections:accept');
    const none = { current: {}, retired: {} };
    const [unknown] = projectionProblems([{ name: 'new.v1', file: PROJECTION, fingerprint: 'b' }], none);
    expect(unknown).toContain('new.v1 is new');
  });

  const named = (name: string, of: string) => [{ name, file: PROJECTION, fingerprint: of }];

  it('is kept as retired when its projection is removed', () => {
    const kept = { current: { 'shops.v1': 'a' }, retired: { 'shops.v0': 'z' } };
    expect(projectionProblems(named('shops.v2', 'b'), kept)).toEqual([
      expect.stringContaining('No projection has the name shops.v1 any more'),
      expect.stringContaining('shops.v2 is new'),
    ]);
    const now = accepted(named('shops.v2', 'b'), kept);
    expect(now).toEqual({ current: { 'shops.v2': 'b' }, retired: { 'shops.v0': 'z', 'shops.v1': 'a' } });
    expect(projectionProblems(named('shops.v2', 'b'), now)).toEqual([]);
  });

  it('of a retired name is never accepted with other documents, since a store may still contain old ones', () => {
    const kept = { current: {}, retired: { 'shops.v1': 'a' } };
    expect(projectionProblems(named('shops.v1', 'b'), kept)).toEqual([
      expect.stringContaining('shops.v1 is the name of a retired projection that built other documents'),
    ]);
    expect(() => accepted(named('shops.v1', 'b'), kept)).toThrow('Use a name that no projection ever had.');
    expect(accepted(named('shops.v1', 'a'), kept)).toEqual({ current: { 'shops.v1': 'a' }, retired: {} });
  });
});
