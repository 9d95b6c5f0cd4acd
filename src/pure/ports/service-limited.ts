/**
 * A service refuses further requests for now, longer than this tick may wait: no further effect is started, and
 * the tick ends early.
 */
export class ServiceLimited extends Error {
  override readonly name = "ServiceLimited";
  /** Epoch ms from when requests are answered again; null when the service does not say. */
  readonly resumeAt: number | null;

  constructor(message: string, resumeAt: number | null, options?: ErrorOptions) {
    super(message, options);
    this.resumeAt = resumeAt;
  }
}
