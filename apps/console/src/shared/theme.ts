import { createTheme, type CSSVariablesResolver } from '@mantine/core';

/** Breakpoints: 720 px for the drawer, 1024 px for the rail of icons. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 8 }, // white text on it has a contrast of at least 4.5:1
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  fontSizes: { xs: '0.75rem', sm: '0.875rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  lineHeights: { xs: '1.34', sm: '1.43', md: '1.43', lg: '1.5', xl: '1.4' },
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.25rem', lineHeight: '1.4' }, h2: { fontSize: '1rem' } } },
  spacing: { xs: '0.5rem', sm: '0.75rem', md: '1rem', lg: '1.5rem', xl: '2rem' },
  radius: { sm: '6px', md: '6px', lg: '6px' },
  defaultRadius: 'sm',
  breakpoints: { xs: '30em', sm: '45em', md: '64em', lg: '75em', xl: '90em' },
  respectReducedMotion: true,
  cursorType: 'pointer',
  autoContrast: true,
  // The title of a dialog is not a banner of the page.
  components: { ModalHeader: { defaultProps: { role: 'none' } } },
});

/** Colours of states and texts, dark enough or light enough for their background (4.5:1). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5b6470',
    '--mantine-color-anchor': '#3b5bdb',
    '--mantine-color-error': '#b3261e',
    '--astro-ok': '#1b6e34',
    '--astro-working': '#1c5fb8',
    '--astro-bad': '#b3261e',
    '--astro-missing': '#8a5300',
    '--astro-quiet': '#565e69',
    '--astro-line': '#dfe3e8',
    '--astro-ground': '#f7f8fa',
    '--astro-added': '#e3f5e7',
    '--astro-removed': '#fdeaea',
  },
  dark: {
    '--mantine-color-body': '#16181d',
    '--mantine-color-dimmed': '#a3abb8',
    '--mantine-color-anchor': '#9db2ff',
    '--mantine-color-error': '#ff9b94',
    '--astro-ok': '#6fd08c',
    '--astro-working': '#8cb8ff',
    '--astro-bad': '#ff9b94',
    '--astro-missing': '#f0b45c',
    '--astro-quiet': '#b0b7c3',
    '--astro-line': '#30343d',
    '--astro-ground': '#1b1e24',
    '--astro-added': '#143322',
    '--astro-removed': '#41191b',
  },
});
