/**
 * Ends the session on every tab and at the issuer.
 *
 * @param next page that is shown afterwards, unless an external issuer shows its own
 */
export async function logOut(next = '/signed-out'): Promise<void> {
  const response = await fetch('/console/logout', { method: 'POST', headers: { accept: 'application/json' } });
  const { location: issuer } = response.ok
    ? ((await response.json()) as { readonly location: string })
    : { location: '/' };
  location.assign(issuer === '/' ? next : issuer);
}
