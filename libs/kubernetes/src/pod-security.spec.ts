import { podViolations } from '#kubernetes/pod-security';
import { POD_CASES, podOfCase } from './testing/pod-cases.ts';

describe('E3: podViolations finds nothing at the level of a pod, and something at the next stricter one', () => {
  it.each(POD_CASES)('$name fits $fits', (given) => {
    const broken = (level: 'restricted' | 'baseline' | 'privileged') =>
      podViolations(podOfCase(given), level, given.annotations).length > 0;
    expect({
      privileged: broken('privileged'),
      baseline: broken('baseline'),
      restricted: broken('restricted'),
    }).toEqual({
      privileged: false,
      baseline: given.fits === 'privileged',
      restricted: given.fits !== 'restricted',
    });
  });

  it('returns the path, and the least restrictive level that would allow it', () => {
    expect(podViolations({ containers: [{ name: 'c', securityContext: { privileged: true } }] }, 'baseline')).toEqual([
      {
        rule: 'privileged',
        path: ['containers', 0, 'securityContext', 'privileged'],
        detail: 'a container is privileged',
        allowedBy: 'privileged',
      },
    ]);
  });
});
