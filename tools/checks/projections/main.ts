import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accepted, fingerprintsPath, projectionsOf, readFingerprints } from './fingerprints.ts';

/** `npm run projections:accept`: records the fingerprints of the projections as they are now. */
const root = join(import.meta.dirname, '..', '..', '..');
const fingerprints = accepted(projectionsOf(root), readFingerprints(root));
writeFileSync(fingerprintsPath(root), `${JSON.stringify(fingerprints, null, 2)}\n`);
