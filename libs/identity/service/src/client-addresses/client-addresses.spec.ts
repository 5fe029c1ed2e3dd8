import { temporaryFolder } from '#testing';
import { openEmbedded, type Embedded } from '#testing/embedded';
import { userDecider } from '../users/user.decider.ts';
import { userStream } from '../users/user.events.ts';
import { ClientAddressesHandlers } from './client-addresses.handlers.ts';
import { ClientAddresses } from './client-addresses.service.ts';
import { ErasedAddressesReactor } from './erased-addresses.reactor.ts';

const folder = temporaryFolder();
let embedded: Embedded;
let addresses: ClientAddresses;
let handlers: ClientAddressesHandlers;
beforeAll(async () => {
  embedded = await openEmbedded(folder);
  addresses = new ClientAddresses(embedded.vault, embedded.ids);
  handlers = new ClientAddressesHandlers(embedded.commands, addresses);
});
afterAll(() => embedded.close());

const register = (userId: string) =>
  embedded.commands.run(
    userDecider,
    userStream(userId),
    { type: 'register', globalRole: 'developer' },
    embedded.request({ kind: 'service', service: 'identity' }),
  );
const names = async (userId: string) => {
  const found: string[] = [];
  for await (const { name } of embedded.vault.list(`origins/${userId}/`)) found.push(name);
  return found;
};

describe('the addresses of a person', () => {
  it('have one record each, also if they are stored at the same time', async () => {
    await register('ada');
    const kept = await Promise.all([1, 2, 3, 4].map(() => handlers.keep({ userId: 'ada', address: '192.0.2.1' })));
    const ids = new Set(kept.map((answer) => answer.ok && answer.value.id));
    expect(ids.size).toBe(1);
    expect(await names('ada')).toHaveLength(2); // the key, and the address
    const [id] = ids;
    expect(await handlers.find({ records: [{ userId: 'ada', id: String(id) }] })).toMatchObject({
      value: { addresses: { [String(id)]: '192.0.2.1' } },
    });
  });

  it('have IDs that reveal nothing and differ between people', async () => {
    const [ada, grace] = [await addresses.keep('ada', '192.0.2.9'), await addresses.keep('grace', '192.0.2.9')];
    expect(ada).toMatch(/^[0-9a-f]{32}$/);
    expect(grace).not.toBe(ada);
  });

  it('are not stored for somebody who is not a user', async () =>
    expect(await handlers.keep({ userId: 'nobody', address: '192.0.2.1' })).toMatchObject({ value: { id: null } }));

  it('are erased with the person, together with the key of their IDs', async () => {
    await register('linus');
    const id = String(await addresses.keep('linus', '192.0.2.1'));
    const reactor = new ErasedAddressesReactor(addresses);
    const metadata = { stream: userStream('linus') };
    await reactor.react({ event: { type: 'user.erased.v1', data: {} }, metadata } as never); // uses the stream only
    expect(await names('linus')).toEqual([]);
    expect(await handlers.find({ records: [{ userId: 'linus', id }] })).toMatchObject({ value: { addresses: {} } });
    expect(await addresses.keep('linus', '192.0.2.1')).not.toBe(id);
  });
});
