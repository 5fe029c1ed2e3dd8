/** Colours of the texts of an alert, whose own are too light on the ground of the page. */
export const LEGIBLE = {
  root: { color: 'var(--mantine-color-text)' },
  label: { color: 'inherit' },
  message: { color: 'inherit' },
} as const;
