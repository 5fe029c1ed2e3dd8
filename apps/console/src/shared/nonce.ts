/** The nonce of this page's Content-Security-Policy, for style elements that libraries add. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';

// Dialogs keep the page from scrolling with a style element, whose library reads the nonce from here.
Object.assign(globalThis, { __webpack_nonce__: nonce });
