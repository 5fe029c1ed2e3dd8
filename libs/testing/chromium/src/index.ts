// Chromium, for tests and measurements of the console.
import process from 'node:process';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Path of Chromium; undefined if the environment names none. */
export const CHROMIUM = process.env['ASTRO_TEST_CHROMIUM'];

/** Starts Chromium without a display. */
export const startChromium = (): Promise<Browser> =>
  // A container has no user namespaces for Chromium's sandbox; the tests open pages of their own platform only.
  chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', '--disable-dev-shm-usage'] });

/** Fills in the form of the built-in issuer. */
export async function fillLogin(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}
