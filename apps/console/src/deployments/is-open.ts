/**
 * Returns whether a command can still be sent. Once it is, its dry run is not repeated: that would show what the same
 * command would do a second time.
 */
export const isOpen = ({ isIdle, isError }: { readonly isIdle: boolean; readonly isError: boolean }): boolean =>
  isIdle || isError;
