/** Values of the choice of an expiry that are not durations. */
export const LONGEST = '';
export const ON_A_DATE = 'date';

const DURATIONS = [7, 30, 90, 365];

/**
 * Returns what a person can choose for the expiry of a key.
 *
 * @param maximumDays longest lifetime that the plan allows; `null`: no limit; `undefined`: not known yet
 */
export function expiryChoices(
  maximumDays: number | null | undefined,
): readonly { readonly value: string; readonly label: string }[] {
  const isAllowed = (days: number) => maximumDays === null || maximumDays === undefined || days <= maximumDays;
  return [
    {
      value: LONGEST,
      label:
        typeof maximumDays === 'number'
          ? `The longest that the plan allows: ${maximumDays} days`
          : 'The default of the organization',
    },
    ...DURATIONS.filter(isAllowed).map((days) => ({ value: `${days}d`, label: `${days} days` })),
    { value: ON_A_DATE, label: 'On a date' },
    ...(maximumDays === null ? [{ value: 'never', label: 'Never' }] : []),
  ];
}
