import { ACTIONS } from '#audit/service';
import { storedWords } from './stored-words.fixture.ts';

const types = [...new Set(Object.values(storedWords().eventTypes).flat())];

describe('the audit log', () => {
  it('knows the types of all contexts', () => expect(types.length).toBeGreaterThan(80));

  it('says of every type how it shows it, or that it does not list it', () =>
    expect(types.filter((type) => !Object.hasOwn(ACTIONS, type))).toEqual([]));
});
