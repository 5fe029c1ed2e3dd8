import { readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makePrivateFolder, reasonOf, writePrivateFile } from '#files';
import { CommandFailedError, isCommandError, localError, type CommandError } from './command-error.ts';
import { ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';

/** A key for one organization on this machine. */
export interface StoredKey {
  readonly id: string;
  readonly slug: string;
  readonly key: string;
  readonly keyId: string;
  readonly expiresAt: string | null;
}

/** Stored data of one API address. */
export interface StoredApi {
  currentOrg?: string;
  organizations: StoredKey[];
  /** Access token of the last login, used for commands that require a login; valid for 15 minutes. */
  login?: { accessToken: string; expiresAt: string };
  /** The newest position in a response. Reads require a state that is at least as new. */
  position?: string;
}

export interface ConfigFile {
  readonly path: string;
  /** API address of the last login, which commands use unless a flag or the environment specifies another. */
  readonly currentApi: string | undefined;
  api(address: string): StoredApi;
  /**
   * Changes the entry of one address and replaces the file atomically. Unknown fields are preserved.
   *
   * @param isCurrent makes the address the current one
   * @throws CommandFailedError if the file cannot be written
   */
  update(address: string, change: (api: StoredApi) => void, isCurrent?: boolean): Promise<void>;
  /**
   * Tests that the configuration can be written, before a login creates a key that could not be stored.
   *
   * @throws CommandFailedError if it cannot
   */
  assertWritable(): void;
  /** Content of the file with masked keys, for `config view`. */
  readonly content: Readonly<Record<string, unknown>>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the path: `ASTROPULSE_CONFIG`, else `$XDG_CONFIG_HOME/astropulse/config.yaml`, else below `~/.config`. */
function configPath(io: Io): string {
  const { ASTROPULSE_CONFIG: given, XDG_CONFIG_HOME: xdg } = io.environment;
  return given || join(xdg || join(io.home, '.config'), 'astropulse', 'config.yaml');
}

/**
 * Reads the configuration file. Rejects a file that others can write to. Warns about a file that others can read, and
 * makes it private when it is next written.
 */
export async function openConfig(io: Io): Promise<ConfigFile | CommandError> {
  const path = configPath(io);
  const read = await readContent(path, io);
  if (isCommandError(read)) return read;
  let content = read;
  return {
    path,
    get content() {
      return content;
    },
    get currentApi() {
      return typeof content['currentApi'] === 'string' ? content['currentApi'] : undefined;
    },
    api: (address) => apiIn(content, address),
    async update(address, change, isCurrent = false) {
      const fresh = await readContent(path, io); // another astroctl may have written it in the meantime
      if (isCommandError(fresh)) throw new CommandFailedError(fresh);
      content = fresh;
      const entry = { ...apiIn(content, address) };
      change(entry);
      content = {
        ...content,
        ...(isCurrent && { currentApi: address }),
        apis: {
          ...(isRecord(content['apis']) ? content['apis'] : {}),
          [address]: { ...unknownFields(content, address), ...entry },
        },
      };
      const { stringify } = await import('yaml');
      written(path, () => writePrivateFile(path, stringify(content)));
    },
    assertWritable() {
      const attempt = `${path}.${io.ids.uuid()}`;
      written(path, () => {
        writePrivateFile(attempt, '');
        rmSync(attempt);
      });
    },
  };
}

/**
 * Runs `write`.
 *
 * @throws CommandFailedError with the operating system's reason
 */
function written(path: string, write: () => void): void {
  try {
    makePrivateFolder(dirname(path));
    write();
  } catch (error) {
    throw new CommandFailedError(
      localError(
        ExitCode.Failed,
        `${path} cannot be written: ${reasonOf(error)}. Nothing was changed.`,
        'make its folder writable for your user, or set ASTROPULSE_CONFIG to another file',
      ),
    );
  }
}

async function readContent(path: string, io: Io): Promise<Record<string, unknown> | CommandError> {
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o022) !== 0)
      return localError(
        1,
        `${path} can be written by other users, so its keys cannot be trusted.`,
        `chmod 600 ${path}`,
      );
    if ((mode & 0o044) !== 0) io.stderr.write(`Warning: ${path} can be read by other users; run: chmod 600 ${path}\n`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isRecord(error) || error instanceof Object) {
      const { code } = error as { code?: string };
      if (code === 'ENOENT') return {};
      return localError(
        1,
        `${path} cannot be read (${code ?? 'unknown error'}).`,
        'make it readable for your user, or set ASTROPULSE_CONFIG to another file',
      );
    }
    throw error;
  }
  try {
    const { parse } = await import('yaml');
    const parsed: unknown = parse(text);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return localError(
      1,
      `${path} is not valid YAML.`,
      'fix the file, or delete it and log in again: astroctl auth login',
    );
  }
}

const rawApi = (content: Readonly<Record<string, unknown>>, address: string): Record<string, unknown> => {
  const entry = isRecord(content['apis']) ? content['apis'][address] : undefined;
  return isRecord(entry) ? entry : {};
};

/** Returns the fields of an address that a newer astroctl has added. */
function unknownFields(content: Readonly<Record<string, unknown>>, address: string): Record<string, unknown> {
  const { currentOrg, organizations, login, position, ...others } = rawApi(content, address);
  return others;
}

function apiIn(content: Readonly<Record<string, unknown>>, address: string): StoredApi {
  const entry = rawApi(content, address);
  const organizations = Array.isArray(entry['organizations']) ? entry['organizations'].filter(isStoredKey) : [];
  const { login, currentOrg, position } = entry;
  return {
    organizations,
    ...(typeof currentOrg === 'string' && { currentOrg }),
    ...(typeof position === 'string' && { position }),
    ...(isRecord(login) &&
      typeof login['accessToken'] === 'string' &&
      typeof login['expiresAt'] === 'string' && {
        login: { accessToken: login['accessToken'], expiresAt: login['expiresAt'] },
      }),
  };
}

const isStoredKey = (value: unknown): value is StoredKey =>
  isRecord(value) && ['id', 'slug', 'key', 'keyId'].every((field) => typeof value[field] === 'string');
