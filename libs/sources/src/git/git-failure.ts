import type { DomainError } from '#kernel';
import type { ProgramFailure } from '../run-program.ts';
import { sourceErrors } from '../source-errors.ts';
import { gitErrors, setCredential } from './git-errors.ts';
import type { GitRemote } from './git-url.ts';

/** Context of a failed command of git. */
export interface FailedCommand {
  readonly remote: GitRemote;
  readonly hasCredential: boolean;
  /** Texts that must not be shown. */
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
  /** Commit that the command requests. */
  readonly commit?: string;
}

type Meaning = readonly [pattern: RegExp, error: (command: FailedCommand, match: RegExpExecArray) => DomainError];

/** Messages of git, libcurl (with OpenSSL or GnuTLS), and ssh, in the order in which they are compared. */
const MEANINGS: readonly Meaning[] = [
  [/Host key verification failed/, ({ remote }) => gitErrors.hostKeyWrong(remote.authority)],
  [
    /Load key .*|error in libcrypto|incorrect passphrase/,
    ({ remote }) =>
      gitErrors.credentialUnusable(
        remote.authority,
        `The private key stored for ${remote.authority} cannot be read, or has a passphrase.`,
      ),
  ],
  [
    /out of memory|malloc failed|mmap failed/i,
    ({ remote }) => sourceErrors.tooLarge(`Reading ${remote.shown} needs too much memory.`, 'use a smaller repository'),
  ],
  [/No user exists for uid/, () => gitErrors.sshUserMissing()],
  [
    /returned error: 30\d|redirect/i,
    ({ remote }) => sourceErrors.redirectRefused(remote.authority, 'to another URL', remote.shown),
  ],
  [
    /SSL certificate problem: ([^\n]*)|server certificate verification failed\.?([^\n]*)|(?:gnutls_handshake\(\) failed|TLS connect error): ([^\n]*)|(no alternative certificate subject name|certificate subject name)[^\n]*|SSL: ([^\n]*)|SSL routines[^\n]*/,
    ({ remote }, match) => tlsError(remote.authority, match[0]),
  ],
  [
    /not our ref|unadvertised object|couldn't find remote ref|remote error: .*(not found|missing)/i,
    ({ remote, commit, hasCredential }) =>
      commit === undefined
        ? gitErrors.noAccess(remote.shown, remote.authority, hasCredential)
        : gitErrors.commitGone(commit, remote.shown),
  ],
  [
    /could not read Username|could not read Password|Authentication failed|returned error: 40[134]|not found|is this a git repository|not appear to be a git repository|Permission denied|Access denied|terminal prompts disabled/i,
    ({ remote, hasCredential }) => gitErrors.noAccess(remote.shown, remote.authority, hasCredential),
  ],
  [
    /returned error: (429|5\d\d)/,
    ({ remote }, match) =>
      sourceErrors.unreachable(remote.authority, `${remote.authority} responded with status ${match[1]}.`),
  ],
  [
    /Failed to connect|Could not connect|Couldn't connect|Connection (refused|timed out|reset|closed)|No route to host|Network is unreachable|Could not resolve|Empty reply|Recv failure|Send failure|early EOF|unexpected disconnect|RPC failed|Operation too slow|hung up unexpectedly|transfer closed/i,
    ({ remote }) => sourceErrors.unreachable(remote.authority),
  ],
  [
    /Could not read from remote repository/, // the last line of every failure over ssh, so it is compared last
    ({ remote, hasCredential }) => gitErrors.noAccess(remote.shown, remote.authority, hasCredential),
  ],
];

/** Converts a failed command of git into an error that is safe to show. */
export function gitFailure(failure: ProgramFailure, command: FailedCommand): DomainError {
  const { remote } = command;
  switch (failure.reason) {
    case 'not-installed':
      return sourceErrors.programMissing('git');
    case 'timeout':
      return sourceErrors.timeout(`Reading ${remote.shown}`, command.timeoutMs / 1_000);
    case 'aborted':
      return sourceErrors.canceled();
    case 'output':
      return sourceErrors.tooLarge(`${remote.shown} has too many refs or files.`, 'use a smaller repository');
    case 'exit':
      for (const [pattern, error] of MEANINGS) {
        const match = pattern.exec(failure.stderr);
        if (match) return error(command, match);
      }
      return gitErrors.failed(remote.shown, lastWords(failure.stderr, command.secrets));
  }
}

function tlsError(host: string, text: string): DomainError {
  const reason = certificateReason(text);
  return reason === undefined
    ? sourceErrors.tlsFailed(host)
    : sourceErrors.certificateRefused(host, reason, setCredential(host, '--ca', 'FILE'));
}

function certificateReason(text: string): string | undefined {
  if (/expired/i.test(text)) return 'it has expired';
  if (/subject name|does not match|hostname/i.test(text)) return 'it is for another host';
  if (/self[- ]signed|unable to get (local )?issuer|unknown issuer|CAfile|verification failed/i.test(text))
    return 'its certificate authority is unknown';
  return /certificate problem/i.test(text) ? 'it is invalid' : undefined;
}

/** Returns the last message of git in one line, without secrets, control characters, and users of URLs. */
function lastWords(stderr: string, secrets: readonly string[]): string {
  const lines = stderr.split('\n').filter((line) => /^(fatal|error|remote|ssh|kex)/.test(line));
  const line = lines.findLast((text) => text.startsWith('fatal:')) ?? lines.at(-1) ?? 'it ended without a message';
  return redact(line, secrets)
    .replace(/^(fatal|error|remote): /, '')
    .replace(/[.\s]+$/, '')
    .slice(0, 300);
}

/** Removes secrets, the user part of URLs, and control characters from a text. */
export function redact(text: string, secrets: readonly string[]): string {
  let shown = text;
  for (const secret of secrets) if (secret !== '') shown = shown.replaceAll(secret, '***');
  // A server must not write control characters to a terminal.
  return shown.replace(/\/\/[^/@\s]*@/g, '//').replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
