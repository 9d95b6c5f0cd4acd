/** Mutual exclusion of ticks of one kind. */
export type Lease = {
  /** Takes the lease; `held-elsewhere` names the holder. Throws when that cannot be told. */
  acquire(): Promise<
    { readonly kind: "acquired" } | { readonly kind: "held-elsewhere"; readonly holder: string }
  >;
  /** Whether it is still ours; renews it when it nears its end. Asked before every effect. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
};
