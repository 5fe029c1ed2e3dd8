import { isSame, parseCheckpoint, parseNote, isSignedBy, verifierKey, type GrowingTree } from '#transparency';

/** A signed head as the log contains it. */
export interface RecordedHead {
  readonly note: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: string;
}

/** The first difference between the log and what it should be. */
export interface AuditFault {
  readonly reason: 'chain' | 'missing' | 'root' | 'signature';
  readonly stream: string;
  readonly revision: number;
  readonly position: string;
  readonly message: string;
}

/** Compares heads with the tree as it grows. */
export class HeadCheck {
  private readonly pending: (RecordedHead & { readonly size: number; readonly root: Uint8Array })[] = [];
  /** Number of heads whose size the tree has had. */
  checked = 0;
  /** Index of the newest key that has signed a head. */
  private newestSigner = 0;

  /**
   * Takes the heads of an organization, oldest first.
   *
   * @param publicKeys Ed25519, 32 bytes each, oldest first
   * @param organizationId which the names of the logs end with
   */
  constructor(
    private readonly publicKeys: readonly Uint8Array[],
    private readonly organizationId: string,
  ) {}

  /**
   * Adds the next head. Returns a fault if no key of the installation has signed it, or an earlier key than that of the
   * head before it.
   */
  add(head: RecordedHead): AuditFault | undefined {
    const note = parseNote(head.note);
    const checkpoint = note && parseCheckpoint(note.text);
    const signer =
      note && checkpoint?.origin.endsWith(`/audit/${this.organizationId}`)
        ? this.publicKeys.findIndex((key) => isSignedBy(note, verifierKey(checkpoint.origin, key)))
        : -1;
    const fault = (message: string): AuditFault => ({ ...placeOf(head), reason: 'signature', message });
    if (!checkpoint || signer < 0) return fault('The head has no signature of a key of this installation.');
    if (signer < this.newestSigner) return fault('The head is signed with a key that was retired before.');
    this.newestSigner = signer;
    this.pending.push({ ...head, size: checkpoint.size, root: checkpoint.root });
    return undefined;
  }

  /** Compares the heads of the tree's present size. Call it after each leaf. */
  grown(tree: GrowingTree): AuditFault | undefined {
    for (let next = this.pending[0]; next !== undefined && next.size <= tree.size; next = this.pending[0]) {
      if (next.size < tree.size || !isSame(tree.root(), next.root))
        return {
          ...placeOf(next),
          reason: 'root',
          message: `The first ${next.size} events are not those that this head signed.`,
        };
      this.pending.shift();
      this.checked += 1;
    }
    return undefined;
  }

  /** Returns the fault of a log that ended before the size of a head. */
  ended(tree: GrowingTree): AuditFault | undefined {
    const [next] = this.pending;
    return (
      next && {
        ...placeOf(next),
        reason: 'missing',
        message: `The log has ${tree.size} events, and this head signed ${next.size}.`,
      }
    );
  }
}

const placeOf = ({ stream, revision, position }: RecordedHead) => ({ stream, revision, position });
