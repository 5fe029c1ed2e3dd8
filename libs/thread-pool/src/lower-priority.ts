import { constants, platform, setPriority } from 'node:os';

/**
 * Makes the calling thread run after the other threads of the machine when they compete for a processor, so that it
 * does not delay requests. Linux only: elsewhere the priority belongs to the whole process (setpriority(2), "C
 * library/kernel differences"), so nothing is changed.
 */
export function lowerPriority(): void {
  if (platform() !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox of the operating system may forbid it; the thread then runs at normal priority.
  }
}
