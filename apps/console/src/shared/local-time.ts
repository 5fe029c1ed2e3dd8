const COMPLETE = /^\d{4,6}-\d\d-\d\dT\d\d:\d\d/;
const two = (value: number): string => String(value).padStart(2, '0');

/**
 * Returns a time as the value of a field of type `datetime-local`, to the second, in the time zone of the browser.
 *
 * @param timeMs milliseconds since 1970
 */
export function localFieldValue(timeMs: number): string {
  const at = new Date(timeMs);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Returns the time in such a field, in milliseconds since 1970; undefined if it is empty or incomplete. */
export function timeOfLocalField(value: string): number | undefined {
  const timeMs = COMPLETE.test(value) ? new Date(value).getTime() : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
