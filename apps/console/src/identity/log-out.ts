/** Ends the session on every tab and at the issuer. */
export async function logOut(): Promise<void> {
  const response = await fetch('/console/logout', { method: 'POST', headers: { accept: 'application/json' } });
  const { location: next } = response.ok
    ? ((await response.json()) as { readonly location: string })
    : { location: '/' };
  location.assign(next === '/' ? '/signed-out' : next);
}
