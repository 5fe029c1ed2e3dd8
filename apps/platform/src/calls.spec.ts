import { deployWorker } from '#deployments/worker';
import { gateway } from '#gateway';
import { everyContract } from '#testing/contracts';
import { CONTEXTS } from './contexts.ts';

describe('the requests that a service sends in its own name', () => {
  it.each([...CONTEXTS, gateway, deployWorker])('$name: are those whose contracts list it', async ({ name, calls }) => {
    const contracts = (await everyContract()).map(({ contract }) => contract);
    const listed = contracts.filter(({ callers }) => callers?.includes(name)).map(({ subject }) => subject);
    expect(calls.map(({ subject }) => subject).toSorted()).toEqual(listed.toSorted());
    expect(listed.length).toBeGreaterThan(0);
  });
});
