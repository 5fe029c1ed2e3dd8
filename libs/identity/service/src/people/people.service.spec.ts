import type { Vault } from '#vault';
import { silentLogger } from '#kernel';
import { manualClock, temporaryFolder } from '#testing';
import { systemIds } from '#runtime/system';
import { openEmbeddedVault } from '#vault/embedded';
import { People } from './people.service.ts';

describe('use-L8: the record of a person', () => {
  const folder = temporaryFolder();
  const clock = manualClock();
  let vault: Vault;
  let opened: string[] = [];
  beforeAll(async () => {
    const sealed = await openEmbeddedVault({
      folder,
      clock,
      ids: systemIds,
      log: silentLogger,
      sealingKeys: [{ id: 'k1', key: new Uint8Array(32).fill(5) }],
    });
    vault = {
      put: (...args) => sealed.put(...args),
      get: (name) => {
        opened.push(name);
        return sealed.get(name);
      },
      delete: (name) => sealed.delete(name),
      list: (prefix) => sealed.list(prefix),
      close: () => sealed.close(),
    };
  });
  afterAll(() => vault.close());
  const claims = (email: string) => ({ issuer: 'https://i', subject: 'ada', email, emailVerified: true, name: 'Ada' });

  it('is decrypted once for any number of rows, until it changes', async () => {
    const people = new People(vault, systemIds, clock);
    await people.keep('ada', claims('ada@acme.example'));
    opened = [];
    for (let row = 0; row < 100; row++) expect((await people.shown('ada'))?.email).toBe('ada@acme.example');
    expect(opened).toEqual(['person/ada']);
    await people.keep('ada', claims('lovelace@acme.example'));
    expect((await people.shown('ada'))?.email).toBe('lovelace@acme.example');
  });

  it('is read again after some time, because another process may have changed it', async () => {
    const [here, elsewhere] = [new People(vault, systemIds, clock), new People(vault, systemIds, clock)];
    await here.keep('ada', claims('ada@acme.example'));
    await here.shown('ada');
    await elsewhere.keep('ada', claims('countess@acme.example'));
    expect((await here.get('ada'))?.email).toBe('countess@acme.example'); // decisions never use the cache
    await elsewhere.keep('ada', claims('byron@acme.example'));
    clock.advance(30_001);
    expect((await here.shown('ada'))?.email).toBe('byron@acme.example');
    await vault.delete('person/ada');
    clock.advance(30_001);
    expect(await here.shown('ada')).toBeUndefined();
  });
});
