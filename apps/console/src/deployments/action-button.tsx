import { Button, Tooltip, type ButtonProps } from '@mantine/core';
import type { ReactNode } from 'react';

/** A button which stays in its place, disabled and with the reason, while it cannot be used. */
export function ActionButton({
  refusal,
  onClick,
  children,
  ...props
}: Pick<ButtonProps, 'variant' | 'color' | 'leftSection' | 'loading' | 'size'> & {
  /** Why it cannot be used. */
  readonly refusal: string | undefined;
  readonly onClick: () => void;
  readonly children: ReactNode;
}) {
  if (refusal === undefined)
    return (
      <Button {...props} onClick={onClick}>
        {children}
      </Button>
    );
  return (
    <Tooltip label={refusal} events={{ hover: true, focus: true, touch: true }} multiline maw={280}>
      <Button {...props} data-disabled aria-disabled="true" onClick={(event) => event.preventDefault()}>
        {children}
      </Button>
    </Tooltip>
  );
}
