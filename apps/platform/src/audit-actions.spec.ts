import { ACTIONS, CHANGES } from '#audit/service';
import { storedWords } from './stored-words.fixture.ts';

const types = [...new Set(Object.values(storedWords().eventTypes).flat())];

describe('the audit log', () => {
  it('knows the types of all contexts', () => expect(types.length).toBeGreaterThan(80));

  it('says of every type how it shows it, or that it does not list it', () =>
    expect(types.filter((type) => !Object.hasOwn(ACTIONS, type))).toEqual([]));
});

describe('the changes of an organization', () => {
  it('say of every type of event what it changes, or that it is ignored', () =>
    expect(types.filter((type) => !Object.hasOwn(CHANGES, type))).toEqual([]));

  it('name no type that no context records', () => {
    const elsewhere = [...Object.keys(ACTIONS), ...types];
    expect(Object.keys(CHANGES).filter((type) => !elsewhere.includes(type))).toEqual([]);
  });
});
