import { commandLine } from '../shared/command-line.ts';
import { ingressChange, ingressForm, ingressWords, policyChange, policyForm, policyWords } from './cluster-settings.ts';

describe('policyChange', () => {
  const before = { namespaces: ['*', '!kube-*'], clusterScoped: ['apps/Thing'], podSecurity: 'baseline' as const };

  it('contains what differs, and nothing for what was typed again', () => {
    expect(policyChange(before, policyForm(before))).toEqual({});
    expect(policyChange(before, { ...policyForm(before), namespaces: ' *,!kube-* ,' })).toEqual({});
    const change = policyChange(before, { namespaces: 'team-*', clusterScoped: 'deny', podSecurity: 'restricted' });
    expect(change).toEqual({ namespaces: ['team-*'], clusterScoped: 'deny', podSecurity: 'restricted' });
    expect(commandLine(...policyWords(change))).toBe(
      "astroctl --namespaces 'team-*' --cluster-scoped deny --pod-security restricted",
    );
  });

  it('allows no cluster-scoped kind if none is named', () => {
    expect(policyChange(before, { ...policyForm(before), clusterScoped: '' })).toEqual({ clusterScoped: [] });
  });
});

describe('ingressChange', () => {
  const before = { class: 'nginx', domain: null, tls: 'none', annotations: { a: '1', b: '2' } };

  it('contains what differs; an empty field removes a setting, and a line that is gone an annotation', () => {
    expect(ingressChange(before, ingressForm(before))).toEqual({});
    const change = ingressChange(before, { domain: 'apps.acme.dev', tls: 'issuer:le', annotations: 'b=2\nc = x=y\n' });
    expect(change).toEqual({
      class: null,
      domain: 'apps.acme.dev',
      tls: 'issuer:le',
      annotations: { a: null, c: 'x=y' },
    });
    expect(commandLine(...ingressWords(change))).toBe(
      'astroctl --class none --domain apps.acme.dev --tls issuer:le --annotation a= --annotation c=x=y',
    );
  });
});
