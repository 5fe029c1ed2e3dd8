import type { CommandDeclarations } from '#cli';

/** Declaration of `audit replay`, which `replay.cli.ts` implements. */
export const replayCommands = {
  auditReplay: {
    path: ['audit', 'replay'],
    summary: "Fold the organization's events into its state, now or at an earlier time",
    options: {
      until: { help: 'an earlier time: RFC 3339, a date, a span such as -24h, or a position', value: 'time' },
    },
    examples: ['astroctl audit replay', 'astroctl audit replay --until 2026-11-24T12:00:00Z -o json > state.json'],
  },
} as const satisfies CommandDeclarations;
