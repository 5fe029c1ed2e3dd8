import { isLoopback } from './addresses.ts';
import { ChangingEgress } from './changing-egress.ts';
import { createEgressGuard } from './egress-guard.ts';
import { egressRefused, entriesOf, isAllowed, onlyEndpoint, parseEgressEntry, parseEgressPolicy } from './egress.ts';
import { OwnAddresses } from './own-addresses.ts';

function policy(allowed: string, ...own: (readonly [host: string, port: number])[]) {
  const never = new OwnAddresses();
  for (const [host, port] of own) never.add(host, port);
  const parsed = parseEgressPolicy(allowed, never);
  if (!parsed.ok) throw new Error(parsed.error.detail);
  return parsed.value;
}

describe('E10: the egress policy', () => {
  const nothing = policy('');

  it.each(['203.0.114.7', '8.8.8.8', '2606:4700::1111'])('allows public addresses: %s', (address) =>
    expect(isAllowed(nothing, { address, port: 443 })).toBe(true),
  );

  it.each([
    '10.4.0.12',
    '127.0.0.1',
    '127.8.9.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    'not-an-address',
    '',
  ])('refuses addresses that are not public: %s', (address) =>
    expect(isAllowed(nothing, { address, port: 443 })).toBe(false),
  );

  it('allows networks, including IPv4-mapped IPv6 addresses', () => {
    const some = policy('10.4.0.0/16, fd00::/8');
    expect(isAllowed(some, { address: '10.4.200.1', port: 6443 })).toBe(true);
    expect(isAllowed(some, { address: '::ffff:10.4.0.1', port: 6443 })).toBe(true);
    expect(isAllowed(some, { address: 'fd12::1', port: 6443 })).toBe(true);
    expect(isAllowed(some, { address: '10.5.0.1', port: 6443 })).toBe(false);
  });

  it('allows host and port together, by address and by the resolved name', () => {
    const some = policy('127.0.0.1:6443 k8s.internal:6443 [::1]:7000');
    expect(isAllowed(some, { address: '127.0.0.1', port: 6443 })).toBe(true);
    expect(isAllowed(some, { address: '127.0.0.1', port: 6444 })).toBe(false);
    expect(isAllowed(some, { address: '10.0.0.9', port: 6443, host: 'K8S.internal' })).toBe(true);
    expect(isAllowed(some, { address: '10.0.0.9', port: 443, host: 'k8s.internal' })).toBe(false);
    expect(isAllowed(some, { address: '::1', port: 7000 })).toBe(true);
  });

  it("refuses the platform's own endpoints, whatever the list contains", () => {
    const some = policy('127.0.0.0/8', ['127.0.0.1', 8080]);
    expect(isAllowed(some, { address: '127.0.0.1', port: 8080 })).toBe(false);
    expect(isAllowed(some, { address: '::ffff:127.0.0.1', port: 8080 })).toBe(false);
    expect(isAllowed(some, { address: '127.0.0.1', port: 6443 })).toBe(true);
  });

  it.each(['nonsense', '10.0.0.0/33', '10.0.0.0/8/8', 'host:0', 'host:99999', 'host', '[10.0.0.1]:80'])(
    'refuses an invalid list: %s',
    (text) =>
      expect(parseEgressPolicy(text)).toMatchObject({
        ok: false,
        error: { code: 'egress/invalid-policy', detail: expect.stringContaining(text) },
      }),
  );

  it('names the setting in the refusal', () => {
    expect(egressRefused({ address: '10.4.0.12', port: 6443 }).detail).toBe(
      '10.4.0.12 is a private address; allow it with ASTRO_EGRESS_ALLOW=10.4.0.0/16 (platform admin)',
    );
    expect(egressRefused({ address: '127.0.0.1', port: 6443 }).detail).toContain('ASTRO_EGRESS_ALLOW=127.0.0.1:6443');
    expect(egressRefused({ address: '::1', port: 6443 })).toMatchObject({
      fix: 'a global admin can allow it: astroctl admin egress allow [::1]:6443',
      extra: { allow: '[::1]:6443' },
    });
    expect(isLoopback('127.3.2.1')).toBe(true);
    expect(isLoopback('10.0.0.1')).toBe(false);
  });
});

describe("use-S10: the platform's own addresses", () => {
  const everything = policy('0.0.0.0/0 ::/0 localhost:8080', ['127.0.0.1', 8080], ['astro.acme.dev', 443]);

  it.each(['127.0.0.1', '127.0.0.2', '0.0.0.0', '::', '::1', '::ffff:127.0.0.1'])(
    'are refused in every form of this machine: %s',
    (address) => {
      expect(isAllowed(everything, { address, port: 8080, host: 'localhost' })).toBe(false);
      expect(isAllowed(everything, { address, port: 6443 })).toBe(true);
    },
  );

  it('are refused by public name at its port, even with a trailing dot', () => {
    for (const host of ['astro.acme.dev', 'ASTRO.acme.dev', 'astro.acme.dev.'])
      expect(isAllowed(everything, { address: '8.8.8.8', port: 443, host })).toBe(false);
    expect(isAllowed(everything, { address: '8.8.8.8', port: 443, host: 'k8s.acme.dev' })).toBe(true);
  });

  it('are refused as soon as a part listens, and the refusal names no setting', async () => {
    const own = new OwnAddresses();
    const parsed = parseEgressPolicy('127.0.0.0/8', own);
    if (!parsed.ok) throw new Error(parsed.error.detail);
    const guard = createEgressGuard(parsed.value);
    expect(await guard.check('127.0.0.1', 9001, [])).toBeUndefined();
    own.add('127.0.0.1', 9001);
    expect(await guard.check('127.0.0.1', 9001, [])).toMatchObject({
      code: 'clusters/egress-refused',
      detail: '127.0.0.1 is an address of the platform itself.',
      fix: 'use an address outside of the platform',
    });
  });

  it('include those of all network interfaces if the platform listens on all addresses', () => {
    for (const every of ['0.0.0.0', '::']) {
      const own = new OwnAddresses(() => ['127.0.0.1', '10.4.0.7', 'fd00::7', 'fe80::7%eth0']);
      own.add(every, 8080);
      const parsed = parseEgressPolicy('0.0.0.0/0,::/0', own);
      if (!parsed.ok) throw new Error(parsed.error.detail);
      for (const address of ['10.4.0.7', '::ffff:10.4.0.7', 'fd00::7', 'fd00:0::7', 'fe80::7', '127.0.0.1', '::1']) {
        expect([address, isAllowed(parsed.value, { address, port: 8080 })]).toEqual([address, false]);
        expect([address, isAllowed(parsed.value, { address, port: 6443 })]).toEqual([address, true]);
      }
      expect(isAllowed(parsed.value, { address: '10.4.0.8', port: 8080 })).toBe(true);
    }
  });

  it('are only one address if the platform listens on that address', () => {
    const some = policy('10.4.0.0/16 127.0.0.0/8', ['10.4.0.7', 8080]);
    expect(isAllowed(some, { address: '10.4.0.7', port: 8080 })).toBe(false);
    expect(isAllowed(some, { address: '127.0.0.1', port: 8080 })).toBe(true);
  });

  it('are allowed for the connection of the platform to its sandbox only', () => {
    const own = onlyEndpoint('127.0.0.1', 9001);
    expect(isAllowed(own, { address: '127.0.0.1', port: 9001 })).toBe(true);
    expect(isAllowed(own, { address: '127.0.0.1', port: 9002 })).toBe(false);
    expect(isAllowed(own, { address: '10.0.0.1', port: 9001 })).toBe(false);
  });
});

describe('use-S10: what global admins allow', () => {
  it.each([
    ['127.0.0.1:6443', '127.0.0.1:6443'],
    [' K8S.Internal:6443 ', 'k8s.internal:6443'],
    ['10.4.0.0/16', '10.4.0.0/16'],
    ['10.4.0.12', '10.4.0.12/32'],
    ['10.4.0.12/16', '10.4.0.0/16'],
    ['10.4.130.7/17', '10.4.128.0/17'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['FD00::/8', 'fd00::/8'],
    ['fd12:0:0:3::7/48', 'fd12::/48'],
    ['::ffff:10.4.0.1/128', '::ffff:a04:1/128'],
    ['fe80::1%eth0/64', undefined],
    ['[::1]:7000', '[::1]:7000'],
    ['k8s.internal', undefined],
    ['10.0.0.0/33', undefined],
    ['10.0.0.0/8,10.1.0.0/16', undefined],
    ['', undefined],
  ])('is an entry of a setting: %s', (text, entry) => {
    expect(parseEgressEntry(text)).toBe(entry);
    if (entry !== undefined) expect(parseEgressEntry(entry)).toBe(entry);
  });

  it('counts beside the settings, in the guard of registrations too', async () => {
    const guard = createEgressGuard(policy('10.4.0.0/16'));
    expect(await guard.check('10.4.0.1', 6443, [])).toBeUndefined();
    expect(await guard.check('127.0.0.1', 6443, [])).toMatchObject({ code: 'clusters/egress-refused' });
    expect(await guard.check('127.0.0.1', 6443, ['127.0.0.1:6443'])).toBeUndefined();
    expect(await guard.check('127.0.0.1', 6443, ['something of a newer release'])).toMatchObject({
      code: 'clusters/egress-refused',
    });
    expect(entriesOf(policy('10.4.0.0/16 [::1]:7000'))).toEqual(['10.4.0.0/16', '[::1]:7000']);
  });

  it('changes while connections use it: the newest list counts, in whatever order lists arrive', () => {
    const egress = new ChangingEgress(policy('10.4.0.0/16', ['127.0.0.1', 8080]));
    const reaches = (address: string, port = 6443) => isAllowed(egress, { address, port });
    expect([reaches('10.4.0.1'), reaches('192.168.0.1')]).toEqual([true, false]);
    expect(egress.update({ revision: 1, allowed: ['192.168.0.0/16', '127.0.0.0/8'] })).toBe(false);
    expect([reaches('192.168.0.1'), reaches('127.0.0.1'), reaches('127.0.0.1', 8080)]).toEqual([true, true, false]);
    expect(egress.update({ revision: 2, allowed: ['127.0.0.0/8'] })).toBe(true);
    expect(reaches('192.168.0.1')).toBe(false);
    expect(egress.update({ revision: 1, allowed: ['192.168.0.0/16', '127.0.0.0/8'] })).toBe(false);
    expect([reaches('192.168.0.1'), reaches('10.4.0.1')]).toEqual([false, true]);
  });

  it('counts only while its event store does: the list of a restored one replaces a newer list', () => {
    const egress = new ChangingEgress(policy('10.4.0.0/16'));
    const reaches = (address: string) => isAllowed(egress, { address, port: 6443 });
    egress.update({ revision: 6, allowed: ['192.168.0.0/16'] }); // of a release that sends no event store
    expect(egress.update({ store: 'a', revision: 7, allowed: ['192.168.0.0/16', '127.0.0.0/8'] })).toBe(false);
    expect(egress.update({ store: 'b', revision: 3, allowed: ['192.168.0.0/16'] })).toBe(true);
    expect([reaches('192.168.0.1'), reaches('127.0.0.1')]).toEqual([true, false]);
    expect(egress.update({ store: 'b', revision: 2, allowed: [] })).toBe(false);
    expect(egress.update({ revision: 3, allowed: [] })).toBe(false);
    expect(egress.update({ store: 'c', revision: -1, allowed: [] })).toBe(true);
    expect(reaches('192.168.0.1')).toBe(false);
  });
});
