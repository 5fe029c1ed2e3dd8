import { changeOf, settingWords, type GeneralSettings } from './settings-change.ts';

const before: GeneralSettings = {
  name: 'Acme',
  slug: 'acme',
  contact: 'ada@acme.dev',
  keyExpiry: '',
  viewersReadLogs: true,
  revokeLeakedKeys: false,
};

describe('changeOf', () => {
  it('returns nothing without a change', () => {
    expect(changeOf(before, { ...before })).toBeUndefined();
  });

  it('returns only what differs, and null for an empty setting', () => {
    expect(changeOf(before, { ...before, name: 'Acme Inc', contact: '', viewersReadLogs: false })).toEqual({
      name: 'Acme Inc',
      settings: { contact: null, viewersReadLogs: false },
    });
  });
});

describe('settingWords', () => {
  it('writes settings as astroctl reads them', () => {
    expect(settingWords({ settings: { contact: null, keyExpiry: '30d', revokeLeakedKeys: true } })).toEqual([
      'contact=',
      'keyExpiry=30d',
      'revokeLeakedKeys=yes',
    ]);
    expect(settingWords({ name: 'Acme' })).toEqual([]);
  });
});
