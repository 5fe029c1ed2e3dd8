import '@mantine/spotlight/styles.css';
import { Kbd, Modal, Table } from '@mantine/core';
import { createSpotlight, Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { meRequest } from '#identity/contract';
import { ADMIN_PLACES, ORGANIZATION_PLACES } from './places.ts';
import { useContract } from './queries.ts';

const [store, palette] = createSpotlight();
const KEYS: readonly (readonly [keys: string, title: string])[] = [
  ['Ctrl K', 'Command palette'],
  ['/', 'Search the list'],
  ['?', 'This list'],
  ...ORGANIZATION_PLACES.map(([key, title]) => [`g ${key}`, title] as const),
];

/**
 * The command palette and the list of keys.
 *
 * @param opened what was asked for; a new object each time
 */
export default function Shortcuts({ opened }: { readonly opened: { readonly what: 'palette' | 'keys' } | undefined }) {
  const [isListOpen, setListOpen] = useState(false);
  useEffect(() => {
    if (opened?.what === 'palette') palette.open();
    if (opened?.what === 'keys') setListOpen(true);
  }, [opened]);
  return (
    <>
      <Palette />
      <Modal
        opened={isListOpen}
        onClose={() => setListOpen(false)}
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

function Palette() {
  const { org } = useParams({ strict: false });
  const me = useContract(meRequest, {});
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const go = (label: string, to: string): SpotlightActionData => ({
    id: to,
    label,
    onClick: () => void navigate({ to }),
  });
  const all = [
    ...(org === undefined ? [] : ORGANIZATION_PLACES.map(([, title, path]) => go(title, `/o/${org}${path}`))),
    go('Account and sessions', '/account'),
    ...(me.data?.globalRole === 'admin' ? ADMIN_PLACES.map(([title, path]) => go(title, path)) : []),
  ];
  const actions = all.filter(({ label }) => label?.toLowerCase().includes(query.trim().toLowerCase()));
  return (
    <Spotlight
      store={store}
      actions={actions}
      filter={(_, given) => given}
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      attributes={{ content: { 'aria-label': 'Command palette' } }}
      nothingFound="Nothing found"
      searchProps={{
        placeholder: 'Go to …',
        'aria-label': 'Go to',
        onKeyDown: (event) => {
          if (event.key !== 'Enter' || store.getState().selected >= 0) return;
          palette.close();
          const [first] = actions;
          if (first) void navigate({ to: first.id });
        },
      }}
    />
  );
}
