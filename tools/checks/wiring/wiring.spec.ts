import { join } from 'node:path';
import { wiredSources, wiringProblems } from './wiring.ts';

const root = join(import.meta.dirname, '..', '..', '..');

it('all code of this repository is wired', () => {
  expect(wiringProblems(wiredSources(root))).toEqual([]);
});

describe('the wiring check', () => {
  const service = 'libs/shops/service/src';
  /** A complete context with one command. */
  const wired: Readonly<Record<string, string>> = {
    'libs/shops/contract/src/shops.contract.ts': `export const openShopRequest = request({ subject: 'shops.v1.open' });`,
    'libs/shops/contract/src/index.ts': `export { openShopRequest } from './shops.contract.ts';`,
    [`${service}/shops.handlers.ts`]: `@Controller() export class ShopsHandlers { @Serves(openShopRequest) async open() {} }`,
    [`${service}/shops.reactor.ts`]: `export class ShopsReactor implements Reactor<ShopEvent> {}`,
    [`${service}/shops.sweep.ts`]: `export class ShopsSweep implements Sweep {}`,
    [`${service}/shop.decider.ts`]: `export const shopDecider: Decider<Shop, ShopCommand, ShopEvent, ShopError> = {};`,
    [`${service}/shops.module.ts`]: `@Module({ controllers: [ShopsHandlers], providers: [] }) export class ShopsModule {}`,
    [`${service}/index.ts`]: `export const shopsService = { deciders: [shopDecider], reactors: [ShopsReactor], sweeps: [ShopsSweep] };`,
    'libs/shops/api/src/commands.cli.ts': `export const shopCommands = { shopOpen: { path: ['shop', 'open'] } };`,
    'libs/shops/api/src/shops.cli.ts': `export async function shopOpen(options: object, session: Session): Promise<Outcome> {}`,
  };
  const problems = (file = '', from = '', to = '') => {
    if (file !== '') expect(wired[file]).toContain(from);
    return wiringProblems(
      new Map(Object.entries(wired).map(([path, text]) => [path, path === file ? text.replace(from, to) : text])),
    );
  };

  it('reports nothing if all code is wired', () => expect(problems()).toEqual([]));

  it('reports a contract that its package does not export', () =>
    expect(problems('libs/shops/contract/src/index.ts', 'openShopRequest', 'somethingElse')).toEqual([
      'export openShopRequest from libs/shops/contract/src/index.ts',
    ]));

  it('reports a contract without a handler', () =>
    expect(problems(`${service}/shops.handlers.ts`, '@Serves(openShopRequest)', '')).toEqual([
      "nothing serves openShopRequest of libs/shops/contract/src/shops.contract.ts: write a handler with @Serves(openShopRequest) in the context's service",
    ]));

  it('reports a handler that is in no module', () =>
    expect(problems(`${service}/shops.module.ts`, '[ShopsHandlers]', '[]')).toEqual([
      `add ShopsHandlers of ${service}/shops.handlers.ts to the controllers of the module in ${service}`,
    ]));

  it.each([
    ['reactors', 'ShopsReactor', 'shops.reactor.ts'],
    ['sweeps', 'ShopsSweep', 'shops.sweep.ts'],
    ['deciders', 'shopDecider', 'shop.decider.ts'],
  ])('reports a missing entry in the %s of a service', (list, name, file) =>
    expect(problems(`${service}/index.ts`, `${list}: [${name}]`, `${list}: []`)).toEqual([
      `add ${name} of ${service}/${file} to the ${list} in ${service}/index.ts`,
    ]),
  );

  it('reports a command that is in no table', () =>
    expect(problems('libs/shops/api/src/commands.cli.ts', 'shopOpen', 'shopClose')).toEqual([
      'declare the command shopOpen of libs/shops/api/src/shops.cli.ts in libs/shops/api/src/commands.cli.ts',
    ]));
});
