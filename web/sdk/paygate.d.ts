export declare const VERSION: string;

export interface PaygateOptions {
  /** A client key. Never a secret key: everybody can read a page. */
  clientKey: string;
  /** `https://pay.example.com`. Needed unless the script is loaded from the Paygate server. */
  baseUrl?: string;
  /** Of messages and of the checkout. Default: the page's, then the browser's. */
  language?: 'ko' | 'en';
}

export interface PaymentRequest {
  orderId: string;
  /** Won. */
  amount: number;
  orderName: string;
  /** Gets `paymentKey`, `orderId` and `amount` when the customer has approved. */
  successUrl?: string;
  /** Gets `code`, `message` and `orderId` when the payment was canceled, was aborted or has expired. */
  failUrl?: string;
  /**
   * Default `popup`. `redirect` needs both URLs; `embedded` needs this page's origin to be registered in the back office,
   * unless Paygate itself serves the page, and is a `redirect` otherwise.
   */
  mode?: 'popup' | 'redirect' | 'embedded';
  /** Where `embedded` goes: an element or a selector. Default: a dialog over the page. */
  container?: Element | string;
  /** `false`: never leave the page, the promise tells. */
  redirect?: boolean;
  /** A JSON object of at most 2 KiB that comes back with the payment. */
  metadata?: Record<string, unknown>;
}

/** What the shop's server confirms with. Nothing is charged before it does. */
export interface Approved {
  paymentKey: string;
  orderId: string;
  amount: number;
}

export declare class PaygateError extends Error {
  readonly code: string;
  /** What is known about the money. */
  readonly outcome: 'declined' | 'not_sent' | 'unknown' | 'none';
  readonly orderId?: string;
  /** Why a payment was aborted, or the last card refused: `CARD_LOST`, `TOO_MANY_ATTEMPTS`, … */
  readonly reason?: string;
  /** The HTTP status, when the server refused. */
  readonly status?: number;
}

export interface PaygateClient {
  /** Settles once, or leaves the page once; never both. */
  requestPayment(request: PaymentRequest): Promise<Approved>;
}

export declare function Paygate(options: PaygateOptions): PaygateClient;

declare global {
  interface Window {
    /** Of the classic script. */
    Paygate: typeof Paygate & { PaygateError: typeof PaygateError; VERSION: string };
    /** Of the compat script. */
    pay200SDK?: (options: { apiKey: string; baseUrl?: string }) => PaygateClient;
  }
}
