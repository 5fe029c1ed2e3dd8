import { Anchor, Group, Text, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { StatusDot } from '../shared/status.tsx';
import classes from './resource-list.module.css';
import type { TreeNode } from './resource-tree.ts';

/** The tree of an application as nested lists, with the messages of its objects. */
export function ResourceList({
  tree,
  logsOf,
  onUnfold,
}: {
  readonly tree: TreeNode;
  /** Address of the logs of a pod. */
  readonly logsOf: (pod: string) => string;
  readonly onUnfold: (kind: string) => void;
}) {
  return (
    <ul className={classes['list']} aria-label="Objects">
      {tree.children.map((node) => (
        <li key={node.id}>
          <Entry node={node} logsOf={logsOf} onUnfold={onUnfold} />
          {node.children.length > 0 && <ResourceList tree={node} logsOf={logsOf} onUnfold={onUnfold} />}
        </li>
      ))}
    </ul>
  );
}

function Entry({
  node: { kind, name, health, sync, message, folded },
  logsOf,
  onUnfold,
}: {
  readonly node: TreeNode;
  readonly logsOf: (pod: string) => string;
  readonly onUnfold: (kind: string) => void;
}) {
  return (
    <Group gap="xs" py={4}>
      <Text component="span" c="dimmed" size="sm">
        {kind}
      </Text>
      {folded !== undefined ? (
        <UnstyledButton onClick={() => onUnfold(kind)} c="var(--mantine-color-anchor)" ff="monospace" fz="sm">
          Show all {folded}
        </UnstyledButton>
      ) : kind === 'Pod' ? (
        <Anchor component={Link} to={logsOf(name)} ff="monospace" fz="sm" style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Anchor>
      ) : (
        <Text component="span" ff="monospace" size="sm" style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Text>
      )}
      <Text component="span" size="sm">
        <StatusDot state={health} />
      </Text>
      {sync !== undefined && sync !== 'Synced' && (
        <Text component="span" size="sm">
          <StatusDot state={sync} />
        </Text>
      )}
      {message !== undefined && (
        <Text component="span" size="sm" c="dimmed">
          {message}
        </Text>
      )}
    </Group>
  );
}
