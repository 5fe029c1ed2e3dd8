import { PasswordInput, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { setCredentialRequest, type CredentialView } from '#deployments/contract';
import { useState } from 'react';
import { commandFor, flagOf } from '../shared/command-line.ts';
import { useContractForm, type ContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { toast } from '../shared/toast.ts';

/** Stores how a host is contacted, or replaces some of it. */
export function CredentialDialog({
  org,
  credential,
  onClose,
}: {
  readonly org: string;
  /** The credential to change; absent: a new one. */
  readonly credential?: CredentialView;
  readonly onClose: () => void;
}) {
  const form = useContractForm(setCredentialRequest, {
    org,
    kind: credential?.kind ?? 'git',
    ...(credential && { host: credential.host }),
  });
  const [isSsh, setSsh] = useState(credential?.knownHosts ?? false);
  const { host = '', kind = 'git', user, certificateAuthority = '' } = form.values;
  return (
    <FormDialog
      title={credential ? `Replace the ${kind} credential of ${host}` : 'Set credential'}
      verb={credential ? 'Replace credential' : 'Set credential'}
      command={`${commandFor(
        { org },
        ...['credentials', 'set', host === '' ? 'HOST' : host, '--kind', kind],
        ...flagOf('--user', user),
        ...(isSsh ? ['--known-hosts', 'known_hosts'] : certificateAuthority === '' ? [] : ['--ca', 'ca.pem']),
      )} < ${isSsh ? 'id_ed25519' : 'token.txt'}`}
      form={form}
      onDone={() => toast(`The ${kind} credential of ${host} is stored.`)}
      onClose={onClose}
    >
      {!credential && (
        <>
          <SegmentedControl
            aria-label="What the host serves"
            value={kind}
            onChange={(next) => {
              form.set({ kind: next });
              setSsh(false);
            }}
            data={[
              { value: 'git', label: 'Git repositories' },
              { value: 'registry', label: 'Charts and images' },
            ]}
          />
          <TextInput
            label="Host"
            description="With :port if it is not the default port, such as git.acme.dev."
            {...form.text('host')}
            onChange={({ currentTarget }) => form.set({ host: currentTarget.value.trim().toLowerCase() })}
            autoComplete="off"
            required
            data-autofocus
          />
        </>
      )}
      {kind === 'git' && (
        <SegmentedControl
          aria-label="Protocol"
          value={isSsh ? 'ssh' : 'https'}
          onChange={(next) => {
            setSsh(next === 'ssh');
            form.set({ secret: undefined });
          }}
          data={[
            { value: 'https', label: 'https' },
            { value: 'ssh', label: 'ssh' },
          ]}
        />
      )}
      <TextInput
        label="User"
        description={credential ? 'Empty: unchanged.' : 'User name that belongs to the secret. Many hosts need none.'}
        {...form.text('user')}
        autoComplete="off"
      />
      <SecretFields form={form} isSsh={isSsh} isNew={credential === undefined} />
    </FormDialog>
  );
}

/** The secret, and what it trusts: a key pair with host keys for ssh, a token with an authority for https. */
function SecretFields({
  form,
  isSsh,
  isNew,
}: {
  readonly form: ContractForm<typeof setCredentialRequest>;
  readonly isSsh: boolean;
  readonly isNew: boolean;
}) {
  if (isSsh)
    return (
      <>
        <Textarea
          label="Private key"
          description={isNew ? 'Without a passphrase. It is encrypted, and never shown again.' : 'Empty: unchanged.'}
          {...form.text('secret')}
          rows={5}
          autoComplete="off"
          spellCheck={false}
        />
        <Textarea
          label="Host keys"
          description="Lines of a known_hosts file, as ssh-keyscan prints them. Compare them with those that the host publishes."
          {...form.text('knownHosts')}
          rows={3}
          spellCheck={false}
        />
      </>
    );
  return (
    <>
      <PasswordInput
        label="Password or token"
        description={isNew ? 'It is encrypted, and never shown again.' : 'Empty: unchanged.'}
        {...form.text('secret')}
        autoComplete="new-password"
      />
      <Textarea
        label="Certificate authority"
        description="PEM, only if the host has a certificate of a private authority."
        {...form.text('certificateAuthority')}
        rows={3}
        spellCheck={false}
      />
    </>
  );
}
