import { aboutRequest } from '#identity/contract';
import { SecretOnce } from '../shared/secret-once.tsx';
import { useContract } from '../shared/queries.ts';

/** A key that was just created, with what it replaces, if anything. */
export interface NewKey {
  readonly name: string;
  readonly secret: string;
  /** What happens to the key that it replaces. */
  readonly note?: string;
}

/** Shows a new key once, with the lines that a terminal or a pipeline needs. */
export function KeySecret({ issued, onClose }: { readonly issued: NewKey; readonly onClose: () => void }) {
  const about = useContract(aboutRequest, {});
  const url = about.data?.publicUrl ?? location.origin;
  return (
    <SecretOnce
      title={`API key ${issued.name}`}
      sentence={`Store the key now: it is not shown again.${issued.note === undefined ? '' : ` ${issued.note}`}`}
      lines={[
        { label: 'Key', text: issued.secret },
        { label: 'Key for a terminal', text: `export ASTROPULSE_API_KEY=${issued.secret}` },
        { label: 'Address for a terminal', text: `export ASTROPULSE_API_URL=${url}` },
      ]}
      onClose={onClose}
    />
  );
}
