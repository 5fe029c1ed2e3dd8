export type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
export { createGroupCommit, type GroupCommit, type GroupCommitOptions } from './group-commit.ts';
export { BUSY_TIMEOUT_MS, openSqlite, type SqliteOptions, type SqliteStore } from './open-sqlite.ts';
export { resultCodeOf, type SqliteFailure } from './sqlite-failure.ts';
