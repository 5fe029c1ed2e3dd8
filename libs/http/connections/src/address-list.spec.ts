import { addressList } from './address-list.ts';

describe('use-S3: a list of networks', () => {
  const isListed = addressList(['10.4.0.0/16', '192.0.2.7', 'fd00::/8', '::1']);

  it.each([
    ['10.4.255.1', true],
    ['10.5.0.1', false],
    ['::ffff:10.4.0.1', true],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fd12::1', true],
    ['2001:db8::1', false],
    ['::1', true],
    ['unknown', false],
    ['10.4.0.1:443', false],
    ['', false],
  ])('contains %s: %p', (address, expected) => expect(isListed(address)).toBe(expected));
});
