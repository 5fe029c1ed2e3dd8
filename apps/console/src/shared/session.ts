import { createStore } from './store.ts';

/** Name of the channel on which a window tells the others that a session has started. */
const CHANNEL = 'astro-session';
/** Path of the page to which a login in a second window returns. */
export const LOGGED_IN = '/logged-in';
/** Maximum age of a login, in seconds, for steps that need a recent one. */
const RECENT_SECONDS = 900;

/** Why a person must log in again; `null`: no login is asked for. */
export type LoginPrompt = 'ended' | 'too-old' | null;

/** What the dialog of the frame shows. */
export const loginPrompt = createStore<LoginPrompt>(null);
let waiting: { readonly promise: Promise<boolean>; readonly settle: (isLoggedIn: boolean) => void } | undefined;

/**
 * Asks the person to log in again, in a second window, so that nothing that was typed is lost. Calls during a prompt
 * share it.
 *
 * @returns whether the person has logged in
 */
export function loginAgain(reason: 'ended' | 'too-old'): Promise<boolean> {
  if (!waiting) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    waiting = { promise, settle: resolve };
    loginPrompt.set(reason);
  }
  return waiting.promise;
}

/** Ends the prompt. */
export function settleLogin(isLoggedIn: boolean): void {
  waiting?.settle(isLoggedIn);
  waiting = undefined;
  loginPrompt.set(null);
}

/** Address of a login that returns to the path. */
export const loginUrl = (returnTo: string, isRecent = false): string =>
  `/console/login?${new URLSearchParams({ return_to: returnTo, ...(isRecent && { max_age: String(RECENT_SECONDS) }) }).toString()}`;

/** Tells the other windows that a session has started. */
export function announceLogin(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('started');
  channel.close();
}

/** Calls `started` when another window has started a session. Returns a function that stops that. */
export function onLogin(started: () => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', started);
  return () => channel.close();
}
