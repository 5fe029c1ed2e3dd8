/** Formats an age as kubectl does: `45s`, `5m10s`, `3h5m`, `2d3h`, `90d`, `2y10d`. */
export function duration(fromMs: number, nowMs: number): string {
  if (Number.isNaN(fromMs)) return '<unknown>';
  const seconds = Math.floor((nowMs - fromMs) / 1_000);
  if (seconds < 0) return '0s'; // the clock was set back
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const both = (large: number, largeUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return both(days, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return hours < 24 * 365 * 8 ? both(years, 'y', days % 365, 'd') : `${years}y`;
}
