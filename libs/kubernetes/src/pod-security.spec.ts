import { podViolations } from '#kubernetes/pod-security';
import { POD_CASES, podOfCase } from './testing/pod-cases.ts';

describe('E3: a pod breaks no rule of the level that it fits, and one of the next stricter', () => {
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

  it('says where, and the mildest level that would allow it', () => {
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
