import { Box } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './key-value.module.css';

/** Pairs of a name and a value. Pairs without a value are left out. */
export function KeyValue({ pairs }: { readonly pairs: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <Box component="dl" className={classes['list']}>
      {pairs
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([name, value]) => (
          <div key={name} className={classes['pair']}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </Box>
  );
}
