// Runs before each test file of a slice. The same random values in each run, so that a mutant that survives is not
// detected by chance later; and no search for the smallest counterexample, since the first one kills the mutant.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['ASTRO_TEST_SEED']), endOnFailure: true });
