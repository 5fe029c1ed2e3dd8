import '@mantine/notifications/styles.css';
import { Notifications } from '@mantine/notifications';

/** Where `toast` shows what was done. */
export default function Toasts() {
  return <Notifications position="bottom-right" />;
}
