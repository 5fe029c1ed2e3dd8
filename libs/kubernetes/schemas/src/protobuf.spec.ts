import { readdirSync, readFileSync } from 'node:fs';
import { readProtobuf } from './protobuf.ts';

const folder = new URL('./testdata/protobuf/', import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, folder));

describe('protobuf', () => {
  const kinds = readdirSync(folder).flatMap((name) => /^(.*)\.pb$/.exec(name)?.[1] ?? []);

  it.each(kinds)('use-X1: decodes %s with every field like the same object as JSON', (kind) => {
    expect(readProtobuf(read(`${kind}.pb`))).toEqual(JSON.parse(read(`${kind}.json`).toString('utf8')));
  });

  it('returns nothing for an unknown kind and for bytes without the magic number', () => {
    const unknown = read('core.v1.Secret.pb').toString('latin1').replace('Secret', 'Sekret');
    expect(readProtobuf(Buffer.from(unknown, 'latin1'))).toBeUndefined();
    expect(readProtobuf(Buffer.from('{"kind":"Secret"}'))).toBeUndefined();
  });

  it('rejects truncated bytes, or decodes an object from the rest', () => {
    const whole = read('core.v1.Secret.pb');
    for (let length = 4; length < whole.length; length++) {
      try {
        readProtobuf(whole.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  });
});
