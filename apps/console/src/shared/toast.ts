import { notifications } from '@mantine/notifications';
import type { ReactNode } from 'react';

/** Says what was done, such as `Key ci revoked.` */
export function toast(message: ReactNode): void {
  notifications.show({ message, withBorder: true, autoClose: 6_000, closeButtonProps: { 'aria-label': 'Dismiss' } });
}
