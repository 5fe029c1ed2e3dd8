import type { NatsPermissions } from './permissions.ts';

/** A user of the server. */
export interface NatsUser {
  readonly service: string;
  /** Public NKEY, which begins with `U`. */
  readonly publicKey: string;
  /** File with its seed, for a comment. */
  readonly seedFile: string;
  readonly permissions: NatsPermissions;
}

/**
 * Returns the `authorization` block of the configuration of nats-server with these NKEY users. No other client can
 * connect. Contains no secrets.
 */
export function natsAuthorization(users: readonly NatsUser[]): string {
  return ['authorization {', '  users = [', ...users.flatMap(userLines), '  ]', '}'].join('\n');
}

function userLines({ service, publicKey, seedFile, permissions }: NatsUser): readonly string[] {
  const { publish, subscribe, repliesWithinMs } = permissions;
  return [
    `    # ${service}: ${seedFile.replace(/[\r\n]/g, ' ')}`,
    '    {',
    `      nkey: ${publicKey}`,
    '      permissions: {',
    ...(publish.length === 0 ? ['        publish: { deny: [">"] }'] : subjectLines('publish', publish)),
    ...subjectLines('subscribe', subscribe),
    ...(repliesWithinMs === undefined
      ? []
      : [`        allow_responses: { max: 1, expires: "${repliesWithinMs / 1_000}s" }`]),
    '      }',
    '    }',
  ];
}

const subjectLines = (what: string, subjects: readonly string[]): readonly string[] => [
  `        ${what}: { allow: [`,
  ...subjects.map((subject) => `          "${subject}"`),
  '        ] }',
];
