import { ok, type Decider, type Fact } from '#kernel';

/** What a backup contains. */
interface BackupContent {
  /** Position of the last event in the log that was exported. */
  readonly position: string;
  readonly records: number;
  readonly events: number;
  /** Digest of the content, which identifies the file. */
  readonly sha256: string;
}

/** Backups that an operator made of this log, and the ones that it was restored from. Stream: `backups-platform`. */
export type BackupEvent =
  | Fact<'platform.exported.v1', BackupContent & { readonly release: string }>
  /** From here on, the log is another one: its positions have another store ID. */
  | Fact<
      'platform.imported.v1',
      BackupContent & {
        /** Release that exported it. */
        readonly release: string;
        /** RFC 3339. */
        readonly exportedAt: string;
        /** Number of people who were erased after the export, and again with the import. */
        readonly erasures: number;
      }
    >;

export const BACKUP_STREAM = 'backups-platform';

/** Records what an operator has done. There is nothing to decide. */
export const backupDecider: Decider<null, BackupEvent, BackupEvent, never> = {
  events: { categories: ['backups'], types: { 'platform.exported.v1': true, 'platform.imported.v1': true } },
  initialState: null,
  evolve: (state) => state,
  decide: (event) => ok([event]),
};
