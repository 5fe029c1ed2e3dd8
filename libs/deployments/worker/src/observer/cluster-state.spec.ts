import { judgeClusterError } from '../cluster/failure.ts';
import { failedState, reachedState } from './cluster-state.ts';

const facts = { version: 'v1.36.3', nodes: 3 };
const answer = (status: number, message: string) =>
  judgeClusterError({ kind: 'answer', status, reason: '', message, conflicts: [] }, 'dev');

describe('the state of a cluster', () => {
  it('is READY when it responds and no permission is missing', () =>
    expect(reachedState(facts, [])).toEqual({ state: 'READY', reason: null, ...facts }));
  it('is LIMITED when permissions are missing', () =>
    expect(reachedState(facts, ['create rolebindings in namespaces'])).toEqual({
      state: 'LIMITED',
      reason: 'cannot create rolebindings in namespaces',
      ...facts,
    }));
  it('K8.6-13: is UNAUTHORIZED when the credential is rejected', () =>
    expect(failedState(answer(401, 'Unauthorized'))).toMatchObject({ state: 'UNAUTHORIZED' }));
  it('is UNREACHABLE with the cause when it is silent or broken', () => {
    expect(
      failedState(
        judgeClusterError(
          { kind: 'silence', why: 'refused', message: '127.0.0.1:1 cannot be reached (ECONNREFUSED).' },
          'dev',
        ),
      ),
    ).toMatchObject({
      state: 'UNREACHABLE',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    expect(failedState(answer(503, 'no endpoints'))).toMatchObject({ state: 'UNREACHABLE' });
  });
  it('is LIMITED when its nodes may not be listed', () =>
    expect(failedState(answer(403, 'nodes is forbidden'))).toMatchObject({ state: 'LIMITED' }));
});
