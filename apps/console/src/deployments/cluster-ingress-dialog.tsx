import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import { setClusterIngressRequest, type IngressSettings } from '#deployments/contract';
import { useState } from 'react';
import { commandFor } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { toast } from '../shared/toast.ts';
import { Changes } from '../shared/what-would-change.tsx';
import { ingressChange, ingressForm, ingressWords, type IngressForm } from './cluster-settings.ts';

const CERTIFICATES = [
  { value: 'none', label: 'No TLS' },
  { value: 'secret', label: 'A TLS Secret in the namespace of each application' },
  { value: 'issuer', label: 'A ClusterIssuer of cert-manager' },
];

/** Changes how applications of a cluster are reached from outside. */
export default function ClusterIngressDialog({
  org,
  name,
  settings,
  onClose,
}: {
  readonly org: string;
  readonly name: string;
  readonly settings: IngressSettings;
  readonly onClose: () => void;
}) {
  const [before] = useState(settings); // changes of others since then are kept
  const form = useContractForm(setClusterIngressRequest, ingressForm(before), {
    inputOf: (values: IngressForm) => ({ org, name, ...ingressChange(before, values) }),
    hasPreview: true,
  });
  const change = ingressChange(before, form.values);
  const [kind = 'none', certificate = ''] = (form.values.tls ?? 'none').split(':');
  return (
    <FormDialog
      title={`Change the ingress settings of ${name}`}
      verb="Change ingress settings"
      command={commandFor({ org }, 'clusters', 'ingress', 'set', name, ...ingressWords(change))}
      form={form}
      isChanged={Object.keys(change).length > 0}
      preview={(after) => {
        const [old, next] = [ingressForm(settings), ingressForm(after)];
        return (
          <Changes
            pairs={[
              ['Class', old.class ?? 'default', next.class ?? 'default'],
              ['Domain', old.domain ?? 'none', next.domain ?? 'none'],
              ['TLS', settings.tls, after.tls],
              ['Annotations', old.annotations || 'none', next.annotations || 'none'],
            ]}
          />
        );
      }}
      onDone={() => toast(`The ingress settings of ${name} are changed. They take effect at the next apply.`)}
      onClose={onClose}
    >
      <TextInput
        label="Class"
        description="IngressClass. Empty: the default or only one of the cluster."
        placeholder="nginx"
        {...form.text('class')}
        data-autofocus
      />
      <TextInput
        label="Domain"
        description="For applications that set neither domain nor host name."
        placeholder="apps.acme.dev"
        {...form.text('domain')}
      />
      <NativeSelect
        label="TLS"
        value={kind}
        onChange={({ currentTarget: { value } }) =>
          form.set({ tls: value === 'none' ? value : `${value}:${certificate}` })
        }
        data={CERTIFICATES}
      />
      {kind !== 'none' && (
        <TextInput
          label={kind === 'secret' ? 'Name of the Secret' : 'Name of the ClusterIssuer'}
          required
          value={certificate}
          onChange={({ currentTarget }) => form.set({ tls: `${kind}:${currentTarget.value.trim()}` })}
          error={form.errorOf('tls')}
        />
      )}
      <Textarea
        label="Annotations"
        description="Of every Ingress. One key=value a line."
        autosize
        minRows={2}
        maxRows={10}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        {...form.text('annotations')}
      />
    </FormDialog>
  );
}
