import type { CliCommand, CliGroup } from '#cli';

export const auditGroups: readonly CliGroup[] = [];

export const auditCommands: readonly CliCommand[] = [];
