import { gitFailure, redact } from './git-failure.ts';
import { parseGitUrl } from './git-url.ts';

const remote = parseGitUrl('https://git.test/app.git');
if (!remote.ok) throw new Error(remote.error.detail);
const command = { remote: remote.value, hasCredential: false, secrets: ['s3cret'], timeoutMs: 60_000 };
const codeOf = (stderr: string) => gitFailure({ reason: 'exit', code: 128, stderr }, command).code;

describe('what git writes when it fails', () => {
  // Texts of git, of libcurl with OpenSSL or GnuTLS, and of OpenSSH.
  it.each([
    ["fatal: unable to access 'x': SSL certificate problem: self-signed certificate", 'sources/certificate-refused'],
    [
      "fatal: unable to access 'x': server certificate verification failed. CAfile: x CRLfile: none",
      'sources/certificate-refused',
    ],
    [
      "fatal: unable to access 'x': SSL: no alternative certificate subject name matches target host name 'x'",
      'sources/certificate-refused',
    ],
    ["fatal: unable to access 'x': gnutls_handshake() failed: Handshake failed", 'sources/tls-failed'],
    [
      "fatal: unable to access 'x': OpenSSL/3.0.17: error:0A00010B:SSL routines::wrong version number",
      'sources/tls-failed',
    ],
    ["fatal: unable to access 'x': The requested URL returned error: 301", 'sources/redirect-refused'],
    ["fatal: unable to access 'x': The requested URL returned error: 403", 'sources/repository-not-found'],
    ["fatal: unable to access 'x': The requested URL returned error: 500", 'sources/unreachable'],
    ["fatal: repository 'x' not found", 'sources/repository-not-found'],
    ['remote: Repository not found.\nfatal: Authentication failed for x', 'sources/repository-not-found'],
    ["fatal: could not read Username for 'x': terminal prompts disabled", 'sources/repository-not-found'],
    ['fatal: x/info/refs not valid: is this a git repository?', 'sources/repository-not-found'],
    [
      "fatal: unable to access 'x': Failed to connect to x port 443 after 1 ms: Couldn't connect",
      'sources/unreachable',
    ],
    ['fatal: the remote end hung up unexpectedly', 'sources/unreachable'],
    ['error: RPC failed; curl 28 Operation too slow. Less than 1000 bytes/sec', 'sources/unreachable'],
    [
      'ssh: connect to host x port 22: Connection refused\r\nfatal: Could not read from remote repository.',
      'sources/unreachable',
    ],
    ['git@x: Permission denied (publickey).\r\nfatal: Could not read from remote', 'sources/repository-not-found'],
    ['Host key verification failed.\r\nfatal: Could not read from remote repository.', 'sources/host-key-unknown'],
    ['Load key "x": error in libcrypto\r\ngit@x: Permission denied (publickey).', 'sources/credential-unusable'],
    ['fatal: Could not read from remote repository.', 'sources/repository-not-found'],
    ['fatal: Out of memory, malloc failed (tried to allocate 1 bytes)', 'sources/source-too-large'],
    ['No user exists for uid 10001\r\nfatal: Could not read from remote repository.', 'sources/program-missing'],
    ['fatal: bad object', 'sources/git-failed'],
    ['', 'sources/git-failed'],
  ])('has a code: %j', (stderr, code) => expect(codeOf(stderr)).toBe(code));

  it('is about a commit if one was asked for', () => {
    const commit = '1'.repeat(40);
    const stderr = `fatal: remote error: upload-pack: not our ref ${commit}`;
    expect(gitFailure({ reason: 'exit', stderr }, { ...command, commit }).code).toBe('sources/source-gone');
  });

  it('D5: is shown without secrets, users of URLs, and control characters', () => {
    expect(gitFailure({ reason: 'exit', stderr: 'fatal: s3cret is\u0007 wrong. \nhint: x\n' }, command).detail).toBe(
      'Git failed to read https://git.test/app.git: *** is  wrong.',
    );
    expect(redact('https://ada:pw@git.test/x and ssh://git@h', [])).toBe('https://git.test/x and ssh://h');
  });
});
