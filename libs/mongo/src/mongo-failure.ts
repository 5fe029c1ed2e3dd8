/** A failure of the server or the connection, without secrets from the address. */
export interface Described {
  /** One sentence for operators. Starts in lower case, because it follows the name of the setting or of the store. */
  readonly sentence: string;
  readonly isDiskFull: boolean;
}

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code: unknown;
  readonly codeName: unknown;
  readonly cause: unknown;
  readonly reason: unknown;
}

const DUPLICATE_KEY = 11_000;
const BAD_CREDENTIALS = new Set<unknown>([18, 8_000, 334]);
const NOT_ALLOWED = new Set<unknown>([13, 31]);
const DISK_FULL = new Set<unknown>([14_031]);
/** Error codes that the caller causes. A retry cannot help, so they are defects. */
const OUR_MISTAKE = new Set<unknown>([2, 9, 14, 52, 66, 10_334, 17_280]);
const UNTRUSTED =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|CERT_HAS_EXPIRED|CERT_UNTRUSTED)$/;
const NO_TLS = /^(EPROTO|ERR_SSL_\w+)$/;

/** Reads the fields of an error. Does not use `instanceof`, because errors may come from another realm. */
function failureOf(error: unknown): Failure | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { name, message, code, codeName, cause, reason } = error as Partial<Failure>;
  return { name: String(name), message: String(message), code, codeName, cause, reason };
}

/** Returns whether a unique key already exists. */
export const isDuplicateKey = (error: unknown): boolean => failureOf(error)?.code === DUPLICATE_KEY;

/** Returns whether a collection does not exist. */
export const isMissingCollection = (error: unknown): boolean => failureOf(error)?.code === 26;

/** Returns whether the server itself returned the error. It was reached, and may have performed a part. */
export const isRefusedByServer = (error: unknown): boolean =>
  /^Mongo(Server|BulkWrite)Error$/.test(failureOf(error)?.name ?? '');

/**
 * Describes a failure to the operator.
 * @param at the server's address without user and password
 * @returns undefined for a defect of the caller
 */
export function describeFailure(error: unknown, at: string, database: string): Described | undefined {
  const failure = failureOf(error);
  if (!failure || !isOfServer(failure) || isMistake(failure)) return undefined;
  const described = (sentence: string, isDiskFull = false): Described => ({ sentence, isDiskFull });
  const chain = causesOf(error);
  const has = (holds: (cause: Failure) => boolean) => chain.some(holds);

  if (has(({ code }) => BAD_CREDENTIALS.has(code)))
    return described(`the MongoDB server at ${at} refuses the user name or the password; correct them in the address.`);
  if (has(({ code }) => NOT_ALLOWED.has(code)))
    return described(
      `the MongoDB server at ${at} does not allow this user to use the database ${database}; grant it the role readWrite.`,
    );
  const certificate = chain.find(({ code }) => UNTRUSTED.test(String(code)));
  if (certificate)
    return described(
      `the certificate of the MongoDB server at ${at} is not trusted (${String(certificate.code)}); name the file of its authority with tlsCAFile=… in the address.`,
    );
  if (has(({ code }) => code === 'ERR_TLS_CERT_ALTNAME_INVALID'))
    return described(`the certificate of the MongoDB server at ${at} is for another host name; correct the address.`);
  if (has(({ code, message }) => NO_TLS.test(String(code)) || /TLS connection was established/.test(message)))
    return described(
      `the MongoDB server at ${at} does not respond with TLS; remove tls=true from the address, or enable TLS on it.`,
    );
  if (has(({ name }) => name === 'MongoCompatibilityError'))
    return described(`the MongoDB server at ${at} is too old; use MongoDB 4.2 or newer.`);
  if (has(({ code }) => DISK_FULL.has(code)))
    return described(`the MongoDB server at ${at} has no disk space left.`, true);
  if (has(({ message }) => /connection \S+ to .* closed|ECONNRESET/.test(message)))
    return described(
      `the MongoDB server at ${at} closes connections; if it requires TLS, add tls=true to the address.`,
    );
  if (isRefusedByServer(error))
    return described(`the MongoDB server at ${at} refuses an operation (${String(failure.codeName ?? failure.code)}).`);
  return described(`no MongoDB server responds at ${at}; start it, or correct the address.`);
}

/** Codes of a lookup of a `mongodb+srv` name, and of a connection: the driver passes some errors of sockets on as they are. */
const NETWORK =
  /^E(NOTFOUND|NODATA|SERVFAIL|TIMEOUT|CONNREFUSED|REFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH)$/;

/** Returns whether an error is the driver's own, or one of the network. */
const isOfServer = ({ name, code }: Failure): boolean => name.startsWith('Mongo') || NETWORK.test(String(code));

const isMistake = ({ name, code }: Failure): boolean =>
  /^Mongo(Parse|MissingCredentials|InvalidArgument|API|Runtime|Decompression)Error$/.test(name) ||
  (/^Mongo(Server|BulkWrite)Error$/.test(name) && (code === DUPLICATE_KEY || OUR_MISTAKE.has(code)));

/** Returns a failure with its causes. A failed server selection contains the error of each server. */
function causesOf(error: unknown, depth = 0): readonly Failure[] {
  const failure = failureOf(error);
  if (!failure || depth > 5) return [];
  return [
    failure,
    ...causesOf(failure.cause, depth + 1),
    ...serversOf(failure.reason).flatMap((cause) => causesOf(cause, depth + 1)),
  ];
}

function serversOf(reason: unknown): readonly unknown[] {
  if (typeof reason !== 'object' || reason === null || !('servers' in reason)) return [];
  const { servers } = reason;
  if (typeof servers !== 'object' || servers === null || !('values' in servers)) return [];
  const { values } = servers as Map<string, { readonly error?: unknown }>;
  return typeof values === 'function' ? [...values.call(servers)].map(({ error }) => error) : [];
}
