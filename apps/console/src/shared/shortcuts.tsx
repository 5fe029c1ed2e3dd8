import '@mantine/spotlight/styles.css';
import { Kbd, Modal, Table } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { Spotlight, spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { meRequest } from '#identity/contract';
import { ADMIN_PLACES } from './places.ts';
import { useContract } from './queries.ts';

/** Keys after `g`, the names of their places, and the paths below the organization. */
const GO: readonly (readonly [key: string, title: string, path: string])[] = [
  ['h', 'Home', ''],
  ['a', 'Applications', '/apps'],
  ['n', 'New application', '/apps/new'],
  ['p', 'Profiles', '/profiles'],
  ['c', 'Clusters', '/clusters'],
  ['l', 'Audit', '/audit'],
  ['s', 'Settings', '/settings/general'],
  ['m', 'Members', '/settings/members'],
  ['k', 'API keys', '/settings/keys'],
  ['d', 'Git and registry credentials', '/settings/credentials'],
  ['u', 'Plan and usage', '/settings/plan'],
];
const KEYS: readonly (readonly [keys: string, title: string])[] = [
  ['Ctrl K', 'Command palette'],
  ['/', 'Search the list'],
  ['?', 'This list'],
  ...GO.map(([key, title]) => [`g ${key}`, title] as const),
];
/** Milliseconds after `g` in which the second key counts. */
const SEQUENCE_MS = 1_500;

/** The command palette (Ctrl-K), and keys for places. */
export default function Shortcuts() {
  const { org } = useParams({ strict: false });
  const me = useContract(meRequest, {});
  const navigate = useNavigate();
  const [isHelpOpen, setHelpOpen] = useState(false);
  useGoKeys((key) => {
    const place = GO.find(([of]) => of === key);
    if (org !== undefined && place) void navigate({ to: `/o/${org}${place[2]}` });
  });
  useHotkeys([
    ['shift+?', () => setHelpOpen(true)],
    ['/', (event) => focusSearch(event)],
    ['mod+K', () => spotlight.open()],
  ]);
  const go = (label: string, to: string): SpotlightActionData => ({
    id: to,
    label,
    onClick: () => void navigate({ to }),
  });
  const actions = [
    ...(org === undefined ? [] : GO.map(([, title, path]) => go(title, `/o/${org}${path}`))),
    go('Account and sessions', '/account'),
    ...(me.data?.globalRole === 'admin' ? ADMIN_PLACES.map(([title, path]) => go(title, path)) : []),
  ];
  return (
    <>
      <Spotlight
        actions={actions}
        shortcut={null}
        nothingFound="Nothing found"
        searchProps={{ placeholder: 'Go to …', 'aria-label': 'Go to' }}
      />
      <Modal
        opened={isHelpOpen}
        onClose={() => setHelpOpen(false)}
        title="Keyboard"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Table>
          <Table.Tbody>
            {KEYS.map(([keys, title]) => (
              <Table.Tr key={keys}>
                <Table.Td>
                  <Kbd>{keys}</Kbd>
                </Table.Td>
                <Table.Td>{title}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Modal>
    </>
  );
}

function focusSearch(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>('[data-search]');
  if (!field) return;
  event.preventDefault();
  field.focus();
}

/** Calls `go` with the key that follows `g`, outside of fields. */
function useGoKeys(go: (key: string) => void): void {
  useEffect(() => {
    let startedMs = -Infinity;
    const pressed = (event: KeyboardEvent) => {
      const isField =
        event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]');
      if (isField || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.timeStamp - startedMs < SEQUENCE_MS) {
        startedMs = -Infinity;
        go(event.key);
      } else if (event.key === 'g') startedMs = event.timeStamp;
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  });
}
