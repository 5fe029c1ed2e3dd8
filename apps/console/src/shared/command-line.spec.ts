import { commandFor, commandLine, flagOf } from './command-line.ts';

describe('commandLine', () => {
  it('leaves plain words as they are', () => {
    expect(commandLine('key', 'revoke', 'key_0193f2b1')).toBe('astroctl key revoke key_0193f2b1');
  });

  it('quotes what a shell would split or expand', () => {
    expect(commandLine('key', 'create', '--name', 'my $HOME')).toBe("astroctl key create --name 'my $HOME'");
    expect(commandLine('org', 'rename', "Ada's")).toBe(String.raw`astroctl org rename 'Ada'\''s'`);
    expect(commandLine('org', 'rename', '')).toBe("astroctl org rename ''");
  });

  it('leaves out absent words', () => {
    expect(commandLine('org', 'members', false, undefined, ...flagOf('--as-of', ''))).toBe('astroctl org members');
    expect(commandLine('org', 'members', ...flagOf('--as-of', '-24h'))).toBe('astroctl org members --as-of -24h');
  });
});

describe('commandFor', () => {
  it('names the organization of the request, if it has one', () => {
    expect(commandFor({ org: 'acme', name: 'web' }, 'app', 'sync', 'web')).toBe('astroctl app sync web --org acme');
    expect(commandFor({ user: 'user-1' }, 'user', 'erase', 'user-1')).toBe('astroctl user erase user-1');
  });
});
