import type { Logger } from '#kernel';
import { openSqlite, type SqliteStore } from '#sqlite';
import { VaultUnavailableError } from '#vault';

/**
 * Thrown if the file's content is invalid, or a newer release has written it. The content of a vault exists nowhere
 * else.
 */
class VaultDamagedError extends Error {
  readonly code = 'vault/damaged';
}

// parts_id: identifies the parts of one value, so that a record can be replaced after the new parts were written.
// drafts: parts that belong to no record (see drafts.ts).
const LAYOUTS = [
  `
  CREATE TABLE records (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, size INTEGER NOT NULL, updated_ms REAL NOT NULL, expires_ms REAL,
    key_id TEXT NOT NULL, wrapped BLOB NOT NULL
  );
  CREATE INDEX records_by_key ON records (key_id, name);
  CREATE INDEX records_by_expiry ON records (expires_ms) WHERE expires_ms IS NOT NULL;
  CREATE TABLE parts (name TEXT NOT NULL, part INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (name, part));
  CREATE TABLE versions (last INTEGER NOT NULL);
  INSERT INTO versions VALUES (0);
`,
  `
  ALTER TABLE records ADD COLUMN parts_id TEXT NOT NULL DEFAULT '';
  UPDATE records SET parts_id = name;
  ALTER TABLE parts RENAME COLUMN name TO parts_id;
  CREATE TABLE drafts (
    parts_id TEXT PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL, removable_ms REAL NOT NULL
  );
  CREATE INDEX drafts_by_name ON drafts (name);
`,
];

/**
 * Opens or creates `vault.sqlite` and its tables.
 * @throws VaultDamagedError, VaultUnavailableError
 */
export const openDatabase = (folder: string, log: Logger): SqliteStore =>
  openSqlite({
    folder,
    fileName: 'vault.sqlite',
    title: 'The vault',
    synchronous: 'FULL',
    // secure_delete: deleted content is overwritten, not only unlinked.
    pragmas: 'PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;',
    layouts: LAYOUTS,
    log,
    errorOf({ kind, sentence, cause }) {
      if (kind === 'other') return undefined;
      return kind === 'full' || kind === 'unavailable'
        ? new VaultUnavailableError(sentence, { cause, isDiskFull: kind === 'full' })
        : new VaultDamagedError(sentence, { cause });
    },
  });
