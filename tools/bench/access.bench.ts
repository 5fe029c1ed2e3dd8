import { can } from '#access';
import { knownDirectory, keyContext, ORGANIZATION } from './edge.parts.ts';
import type { Row } from './row.ts';
import { perSecond } from './surroundings.ts';

const DECISIONS = 3_000_000;

export async function run(): Promise<Row[]> {
  const { principal } = keyContext();
  const scope = { organizationId: ORGANIZATION };
  const decide = (): void => {
    let allowed = 0;
    for (let n = 0; n < DECISIONS; n++)
      if (can(principal, n % 2 ? 'application.read' : 'members.manage', scope, knownDirectory, n).allowed) allowed++;
    if (allowed !== DECISIONS) throw new Error('a decision came out wrong');
  };
  decide();
  return [
    {
      name: 'decision of authorization in the process',
      unit: 'decisions/s',
      ours: await perSecond(DECISIONS, decide),
      goal: '>= 1,000,000',
    },
  ];
}
