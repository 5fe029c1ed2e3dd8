import { NativeSelect, TextInput } from '@mantine/core';
import { setClusterPolicyRequest, type ClusterView } from '#deployments/contract';
import { useState } from 'react';
import { commandFor } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { toast } from '../shared/toast.ts';
import { Changes } from '../shared/what-would-change.tsx';
import { policyChange, policyForm, policyWords, type PolicyForm } from './cluster-settings.ts';

const KINDS = 'kinds';

/** Changes what applications can do on a cluster. */
export default function ClusterPolicyDialog({
  org,
  name,
  policy,
  onClose,
}: {
  readonly org: string;
  readonly name: string;
  readonly policy: ClusterView['policy'];
  readonly onClose: () => void;
}) {
  const [before] = useState(policy); // changes of others since then are kept
  const form = useContractForm(setClusterPolicyRequest, policyForm(before), {
    inputOf: (values: PolicyForm) => ({ org, name, ...policyChange(before, values) }),
    hasPreview: true,
  });
  const { clusterScoped, podSecurity } = form.values;
  const change = policyChange(before, form.values);
  const scope = clusterScoped === 'deny' || clusterScoped === 'allow' ? clusterScoped : KINDS;
  return (
    <FormDialog
      title={`Change the policy of ${name}`}
      verb="Change policy"
      command={commandFor({ org }, 'clusters', 'policy', 'set', name, ...policyWords(change))}
      form={form}
      isChanged={Object.keys(change).length > 0}
      preview={(after) => {
        const [old, next] = [policyForm(policy), policyForm(after)];
        return (
          <Changes
            pairs={[
              ['Namespaces', old.namespaces || 'none', next.namespaces || 'none'],
              ['Cluster-scoped kinds', old.clusterScoped || 'none', next.clusterScoped || 'none'],
              ['Pod security', old.podSecurity, next.podSecurity],
            ]}
          />
        );
      }}
      onDone={() => toast(`The policy of ${name} is changed.`)}
      onClose={onClose}
    >
      <TextInput
        label="Namespaces"
        description="Globs with commas between them. A leading ! excludes namespaces, and takes precedence."
        placeholder="team-*, !team-secret"
        {...form.text('namespaces')}
        data-autofocus
      />
      <NativeSelect
        label="Cluster-scoped kinds"
        description="What manifests can contain that belongs to no namespace."
        value={scope}
        onChange={({ currentTarget }) =>
          form.set({ clusterScoped: currentTarget.value === KINDS ? undefined : currentTarget.value })
        }
        data={[
          { value: 'deny', label: 'None' },
          { value: KINDS, label: 'Only these kinds' },
          { value: 'allow', label: 'All' },
        ]}
      />
      {scope === KINDS && (
        <TextInput
          label="Kinds"
          description="As group/Kind, with commas between them."
          placeholder="apiextensions.k8s.io/CustomResourceDefinition"
          {...form.text('clusterScoped')}
        />
      )}
      <NativeSelect
        label="Pod security"
        description="Pod Security Standard that every pod must meet."
        value={podSecurity}
        onChange={({ currentTarget }) => form.set({ podSecurity: currentTarget.value as PolicyForm['podSecurity'] })}
        data={['restricted', 'baseline', 'privileged']}
        error={form.errorOf('podSecurity')}
      />
    </FormDialog>
  );
}
