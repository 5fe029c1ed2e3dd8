import '@mantine/core/styles.css';
import './shared/global.css';
import { MantineProvider } from '@mantine/core';
import { meRequest } from '#identity/contract';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { nonce } from './shared/nonce.ts';
import { client } from './shared/platform.ts';
import { keyOf, queries } from './shared/queries.ts';
import { router } from './router.tsx';
import { loginUrl } from './shared/session.ts';
import { cssVariables, theme } from './shared/theme.ts';

/** Pages that need no session. */
const PUBLIC_PATHS = ['/signed-out', '/logged-in'];

void start();

/** Shows the console, or goes to the login if there is no session. */
async function start(): Promise<void> {
  const { pathname, search, hash } = location;
  if (!PUBLIC_PATHS.includes(pathname)) {
    const me = await client.call(meRequest, {});
    if (!me.ok && me.status === 401) return location.replace(loginUrl(`${pathname}${search}${hash}`));
    if (me.ok) queries.setQueryData(keyOf(meRequest, {}), me.value);
  }
  createRoot(document.getElementById('root') as HTMLElement).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
