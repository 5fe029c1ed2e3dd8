import { aboutRequest, meRequest } from '#identity/contract';
import type { ReactNode } from 'react';
import { EmptyState } from '../shared/empty-state.tsx';
import { Loaded, Page } from '../shared/page.tsx';
import { useContract } from '../shared/queries.ts';

interface Props {
  readonly title: string;
  readonly sentence: string;
  readonly action?: ReactNode;
  /** Shown to global admins only; nothing of it is requested for others. */
  readonly children: ReactNode;
}

/** A page for global admins. Others read whom to ask. */
export function AdminPage({ title, sentence, action, children }: Props) {
  const me = useContract(meRequest, {});
  const isAdmin = me.data?.globalRole === 'admin';
  return (
    <Page title={title} sentence={sentence} {...(isAdmin && { action })}>
      <Loaded query={me} title="Your global role is unknown">
        {({ email, userId }) => (isAdmin ? children : <AdminsOnly name={email ?? userId} />)}
      </Loaded>
    </Page>
  );
}

function AdminsOnly({ name }: { readonly name: string }) {
  const about = useContract(aboutRequest, {});
  const contact = about.data?.contact ?? '';
  return (
    <EmptyState title="Only global admins can open this page" command={`astroctl user set-global-role ${name} admin`}>
      You are {name}, with the global role developer. A global admin can make you one too, with the command below
      {contact === '' ? '.' : `. Contact: ${contact}.`}
    </EmptyState>
  );
}
