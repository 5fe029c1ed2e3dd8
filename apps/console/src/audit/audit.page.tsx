import { Tabs } from '@mantine/core';
import { useAddress } from '../shared/address.ts';
import { Page } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { PastBanner } from '../shared/time-travel-bar.tsx';
import { AccessView } from './access-view.tsx';
import { LogView } from './log-view.tsx';
import { StateView } from './state-view.tsx';
import { useMoment } from './use-moment.ts';
import { Verification } from './verification.tsx';

const VIEWS = [
  ['log', 'Log'],
  ['state', 'State'],
  ['access', 'Who could do it'],
  ['verification', 'Verification'],
] as const;

export default function AuditPage() {
  const org = useOrg();
  const [{ view, at }, setAddress] = useAddress();
  const moment = useMoment(org, at);
  const shown = VIEWS.find(([name]) => name === view)?.[0] ?? (at === undefined ? 'log' : 'state');
  return (
    <Page
      title="Audit"
      sentence="Who did what, when, and by which right. Everything that was recorded can be shown as it was at any time."
    >
      {at !== undefined && moment.data && (
        <PastBanner time={moment.data.time} onNow={() => setAddress({ at: undefined, view: shown })} />
      )}
      <Tabs value={shown} onChange={(next) => setAddress({ view: next ?? undefined })} keepMounted={false}>
        <Tabs.List mb="md" aria-label="Views of the audit">
          {VIEWS.map(([name, title]) => (
            <Tabs.Tab key={name} value={name}>
              {title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="log">
          <LogView org={org} />
        </Tabs.Panel>
        <Tabs.Panel value="state">
          <StateView org={org} at={at} moment={moment} />
        </Tabs.Panel>
        <Tabs.Panel value="access">
          <AccessView org={org} at={at} moment={moment} />
        </Tabs.Panel>
        <Tabs.Panel value="verification">
          <Verification org={org} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
