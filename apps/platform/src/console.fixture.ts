import { eventually } from '#testing';
import { CHROMIUM, fillLogin } from '#testing/chromium';
import axe from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { z } from 'zod';

export { fillLogin, startChromium } from '#testing/chromium';

/** `describe` for suites that need Chromium; they are skipped without one. */
export const describeInChromium = CHROMIUM === undefined ? describe.skip : describe;
/** Milliseconds for a step in the browser on a busy machine. */
const STEP_MS = 60_000;

/** Waits until the console of a platform is built: pages that are opened before load again by themselves. */
export const consoleBuilt = (platformUrl: string): Promise<void> =>
  eventually(async () => {
    const { status } = await fetch(`${platformUrl}/signed-out`);
    if (status !== 200) throw new Error(`The console answers ${status}`);
  }, 110_000);

/** A browser of one person: cookies of its own, and all tabs together. */
export interface Seat {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What should not happen: errors in the console, violations of the policy, requests to other hosts. */
  readonly faults: string[];
  /** Opens a path of the platform, and waits until the page shows what it has read. */
  open(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a browser at a platform. */
export async function newSeat(browser: Browser, platformUrl: string): Promise<Seat> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    baseURL: platformUrl,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(STEP_MS);
  const faults: string[] = [];
  context.on('page', (page) => watch(page, new URL(platformUrl).origin, faults));
  const page = await context.newPage();
  return {
    context,
    page,
    faults,
    async open(path) {
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await loaded(page);
    },
    close: () => context.close(),
  };
}

/** Waits until the page shows what it has read. */
export async function loaded(page: Page): Promise<void> {
  for (const skeleton of await page.getByRole('status', { name: 'Loading' }).all())
    await skeleton.waitFor({ state: 'detached' });
}

function watch(page: Page, origin: string, faults: string[]): void {
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    faults.push(`${message.type()}: ${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, origin: to } = new URL(request.url());
    if (to !== origin && protocol !== 'data:' && protocol !== 'blob:') faults.push(`request to ${request.url()}`);
  });
}

/** Removes what the browser reports of requests that a test made fail; anything else stays a fault. */
export function forgive({ faults }: Seat, pattern: RegExp): void {
  faults.splice(0, faults.length, ...faults.filter((fault) => !pattern.test(fault)));
}

/** Presses a key until the focus is visible on something, as people without a mouse do. */
export async function reach(target: Locator, key = 'Tab'): Promise<void> {
  await target.waitFor();
  const focused = target.and(target.page().locator(':focus-visible'));
  for (let pressed = 0; pressed < 100; pressed += 1) {
    if ((await focused.count()) > 0) return;
    await target.page().keyboard.press(key);
  }
  throw new Error(`${key} does not lead to ${String(target)}`);
}

/** A width of the window in pixels, and a theme. */
export type Look = readonly [width: number, scheme: 'light' | 'dark'];
/** The looks of pages and dialogs in which people are busy; the last is the usual one. */
const THEMES: readonly Look[] = [
  [1280, 'dark'],
  [1280, 'light'],
];

/** Expects no accessibility violation, and nothing wider than the window, in several looks. The last one stays. */
export async function expectAccessible(page: Page, looks = THEMES): Promise<void> {
  for (const [width, scheme] of looks) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme });
    const found = { violations: await violationsOf(page), overflows: await overflows(page) };
    expect({ width, scheme, ...found }).toEqual({ width, scheme, violations: [], overflows: false });
  }
}

/** Returns the dialog of a title, after it was checked for accessibility in several looks. The last one stays. */
export async function dialogOf(page: Page, name: string | RegExp, looks = THEMES): Promise<Locator> {
  const dialog = page.getByRole('dialog', { name });
  await dialog.waitFor();
  await loaded(page);
  await expectAccessible(page, looks);
  return dialog;
}

/** Chooses an action in the menu of a row. */
export async function rowAction(page: Page, row: string, action: string): Promise<void> {
  await page
    .getByRole('button', { name: `Actions for ${row}` })
    .first()
    .click();
  await page.getByRole('menuitem', { name: action }).click();
}

/** Logs a person in, as they do: they open a page, and are sent to the issuer and back. */
export async function logIn(
  { page }: Seat,
  { email, password }: { readonly email: string; readonly password: string },
  path = '/',
): Promise<void> {
  await page.goto(path);
  await fillLogin(page, email, password);
  await page.getByRole('heading', { level: 1 }).waitFor();
}

/** Returns the slug of the organization in the page's address. */
export const organizationOf = (page: Page): string => new URL(page.url()).pathname.split('/')[2] ?? '';

const violations = z.array(z.object({ id: z.string(), nodes: z.array(z.object({ target: z.unknown() })) }));

/** Returns the accessibility violations of what is shown, as `rule: places`. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const found = violations.parse(
    await page.evaluate(async () => {
      const { axe: tester } = globalThis as unknown as { axe: { run(): Promise<{ violations: unknown }> } };
      return (await tester.run()).violations;
    }),
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(', ')}`);
}

/** Returns whether something is wider than the page, so that the page scrolls sideways. */
const overflows = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const root = (
      globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } }
    ).document.documentElement;
    return root.scrollWidth > root.clientWidth;
  });
