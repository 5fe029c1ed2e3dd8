import { categoryOf } from '#kernel';
import { logOf } from '#testing/log';
import { RECORDED_RELEASES, recordedBy, unpackData } from './recorded-data.fixture.ts';
import { storedWords } from './stored-words.fixture.ts';

const present = storedWords();
const isRead = (category: string, type: string): boolean => present.eventTypes[category]?.includes(type) ?? false;
const forgotten = (release: string, category: string, type: string): string =>
  `release ${release} wrote ${type} to streams ${category}-…, and no decider of this release reads it there`;

/** Error codes that are no longer returned, since those requests succeed now. Codes are never renamed. */
const RETIRED: readonly string[] = [
  'identity/unavailable', // lists of keys show no names while these are unavailable
];

describe.each(RECORDED_RELEASES)('names that release %s stored', (release) => {
  const { words } = recordedBy(release);
  const dataDir = unpackData(release);

  it('are event types that can still be read, each in its streams', () => {
    const lost = Object.entries(words.eventTypes).flatMap(([category, types]) =>
      types.filter((type) => !isRead(category, type)).map((type) => forgotten(release, category, type)),
    );
    expect(lost).toEqual([]);
  });

  it('are in its log and can still be read', async () => {
    const events = await logOf(dataDir);
    const types = new Set(events.map(({ type }) => type));
    expect(types.size).toBeGreaterThan(50);
    const lost = events
      .filter(({ stream, type }) => !isRead(categoryOf(stream), type))
      .map(({ stream, type }) => forgotten(release, categoryOf(stream), type));
    expect([...new Set(lost)]).toEqual([]);
  });

  it('are subjects that are still served', () => {
    expect(words.subjects.filter((subject) => !present.subjects.includes(subject))).toEqual([]);
  });

  it('are error codes that scripts may depend on', () => {
    const known = [...present.errorCodes, ...RETIRED];
    expect(words.errorCodes.filter((code) => !known.includes(code))).toEqual([]);
  });
});

it('has no retired error code that is in use', () => {
  expect(RETIRED.filter((code) => present.errorCodes.includes(code))).toEqual([]);
});
