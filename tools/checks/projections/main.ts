import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accepted, fingerprintsPath, projectionsOf, readFingerprints } from './fingerprints.ts';

/** `npm run projections:accept`: stores the fingerprints of the present projections. */
const root = join(import.meta.dirname, '..', '..', '..');
const fingerprints = accepted(projectionsOf(root), readFingerprints(root));
writeFileSync(fingerprintsPath(root), `${JSON.stringify(fingerprints, null, 2)}\n`);
