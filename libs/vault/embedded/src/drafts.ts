import type { Clock } from '#kernel';
import type { DatabaseSync } from '#sqlite';
import { VaultUnavailableError, type RecordIdentity } from '#vault';

/** Time in milliseconds after which the process of a put must have ended. Its parts are then removed. */
const ABANDONED_MS = 10 * 60_000;

/**
 * - `open`: a put is writing the parts.
 * - `overtaken`: a put is writing the parts, but the record was replaced or deleted by a later call.
 * - `unused`: the parts are to be removed.
 */
type State = 'open' | 'overtaken' | 'unused';

/**
 * Parts that belong to no record, because they are being written, or because their record was replaced or deleted.
 * They are written and removed in several transactions, so that none holds the event loop for long; if the process ends
 * in between, another one removes them. All methods must be called in a transaction.
 */
export class Drafts {
  private readonly statements: Statements;

  constructor(
    database: DatabaseSync,
    private readonly clock: Clock,
  ) {
    this.statements = statementsOf(database);
  }

  /** Begins to write the parts of a version of a record. */
  begin(partsId: string, name: string, version: number): void {
    this.statements.insert.run(partsId, name, version, 'open', this.clock.now() + ABANDONED_MS);
  }

  /**
   * Writes a part.
   * @returns false if a later call has replaced or deleted the record. Nothing is written then.
   * @throws VaultUnavailableError if the put took so long that its parts were removed
   */
  write(partsId: string, part: number, sealed: Uint8Array): boolean {
    const isOpen = this.isOpen(partsId);
    if (isOpen) this.statements.part.run(partsId, part, sealed);
    return isOpen;
  }

  /**
   * Returns false if a later call has replaced or deleted the record.
   * @throws VaultUnavailableError if the put took so long that its parts were removed
   */
  isOpen(partsId: string): boolean {
    const state = this.statements.state.get(partsId)?.['state'] as State | undefined;
    if (state === 'open' || state === 'overtaken') return state === 'open';
    throw new VaultUnavailableError('The put took so long that what it had written was removed.');
  }

  /** Ends a draft whose parts now belong to a record. */
  end(partsId: string): void {
    this.statements.remove.run(partsId);
  }

  /** Leaves the parts of a draft to {@link removePart}. */
  release(partsId: string): void {
    this.statements.release.run(partsId);
  }

  /** Leaves the parts of a record that is replaced or deleted to {@link removePart}. */
  releaseOf({ name, version }: RecordIdentity, partsId: string): void {
    this.statements.insert.run(partsId, name, version, 'unused', 0);
  }

  /**
   * Overtakes all drafts of a record that began before this version, since this version replaces or deletes it.
   * @returns whether there were any
   */
  overtake(name: string, version: number): boolean {
    return this.statements.overtake.run(name, version).changes > 0;
  }

  /**
   * Removes one unused part.
   * @returns false if there are none
   */
  removePart(): boolean {
    const found = this.statements.removable.get(this.clock.now());
    if (!found) return false;
    const partsId = String(found['parts_id']);
    // A process that was suspended for long must not complete a draft of which parts are missing.
    this.release(partsId);
    if (this.statements.removePart.run(partsId).changes === 0) this.statements.remove.run(partsId);
    return true;
  }
}

type Statements = ReturnType<typeof statementsOf>;

const statementsOf = (database: DatabaseSync) => ({
  insert: database.prepare('INSERT INTO drafts (parts_id, name, version, state, removable_ms) VALUES (?, ?, ?, ?, ?)'),
  state: database.prepare('SELECT state FROM drafts WHERE parts_id = ?'),
  part: database.prepare('INSERT INTO parts (parts_id, part, sealed) VALUES (?, ?, ?)'),
  remove: database.prepare('DELETE FROM drafts WHERE parts_id = ?'),
  release: database.prepare("UPDATE drafts SET state = 'unused', removable_ms = 0 WHERE parts_id = ?"),
  overtake: database.prepare("UPDATE drafts SET state = 'overtaken' WHERE name = ? AND state = 'open' AND version < ?"),
  removable: database.prepare('SELECT parts_id FROM drafts WHERE removable_ms <= ? LIMIT 1'),
  removePart: database.prepare(
    'DELETE FROM parts WHERE rowid = (SELECT rowid FROM parts WHERE parts_id = ? ORDER BY part DESC LIMIT 1)',
  ),
});
