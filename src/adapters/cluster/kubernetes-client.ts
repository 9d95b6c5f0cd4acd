import type * as Kubernetes from "@kubernetes/client-node";
import type {
  AppsV1Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  KubeConfig,
  RequestContext,
  ResponseContext,
} from "@kubernetes/client-node";

/** The package itself: half a second and 131 MB, so it is handed around and never imported at a file's head. */
type KubernetesModule = typeof Kubernetes;

/** The API groups a tick speaks to, on one connection pool. */
export type KubernetesClient = {
  readonly module: KubernetesModule;
  readonly leases: CoordinationV1Api;
  readonly apps: AppsV1Api;
  readonly batch: BatchV1Api;
  readonly core: CoreV1Api;
  readonly close: () => Promise<void>;
};

/** Where the API server is. `ambient`: the pod's service account, outside a cluster the kubeconfig. */
export type KubernetesAccess =
  | { readonly kind: "ambient" }
  /** Plain http is fine: a test's server on the loopback. */
  | { readonly kind: "direct"; readonly server: URL; readonly token: string };

export type KubernetesOptions = {
  readonly access: KubernetesAccess;
  readonly onRequest?: () => void;
  /** In place of the usual one, in milliseconds. */
  readonly timeoutMs?: number;
};

/** An API server answers a single object in milliseconds; the client has no timeout of its own. */
const TIMEOUT_MS = 5_000;

/** Loads the package and connects to nothing yet. Every request ends within the timeout. */
export async function openKubernetes(options: KubernetesOptions): Promise<KubernetesClient> {
  const module = await import("@kubernetes/client-node");
  const config = loadConfig(module, options.access);
  const cluster = config.getCurrentCluster();
  if (cluster === null || isGuessed(config, cluster.server)) {
    throw new Error(
      "no cluster is found: run in a pod, or name a kubeconfig with a current context; " +
        "AFK_LEASE=file is for one machine",
    );
  }
  const pool = createPool(options);
  const configuration = module.createConfiguration({
    baseServer: new module.ServerConfiguration(cluster.server, {}),
    authMethods: { default: config },
    promiseMiddleware: [pool],
  });
  return {
    module,
    leases: new module.CoordinationV1Api(configuration),
    apps: new module.AppsV1Api(configuration),
    batch: new module.BatchV1Api(configuration),
    core: new module.CoreV1Api(configuration),
    close: pool.close,
  };
}

function loadConfig(module: KubernetesModule, access: KubernetesAccess): KubeConfig {
  const config = new module.KubeConfig();
  if (access.kind === "ambient") {
    // In this order: loadFromDefault would prefer a kubeconfig that happens to lie in an image.
    if (process.env["KUBERNETES_SERVICE_HOST"] !== undefined) config.loadFromCluster();
    else config.loadFromDefault();
    return config;
  }
  // Slashes at its end would be doubled in every path.
  const server = access.server.href.replace(/\/+$/, "");
  config.loadFromClusterAndUser(
    { name: "direct", server, skipTLSVerify: access.server.protocol === "http:" },
    { name: "afk", token: access.token },
  );
  return config;
}

/** Without any kubeconfig the client takes this address, where hardly ever a cluster answers. */
function isGuessed(config: KubeConfig, server: string): boolean {
  return config.getCurrentContext() === "loaded-context" && server === "http://localhost:8080";
}

type Dispatcher = NonNullable<ReturnType<RequestContext["getDispatcher"]>>;

/** The client makes a pool anew for every request; the first one serves them all here, and can be closed. */
function createPool(options: KubernetesOptions) {
  let shared: Dispatcher | null = null;
  return {
    pre: async (context: RequestContext): Promise<RequestContext> => {
      const own = context.getDispatcher();
      if (own !== undefined) {
        shared ??= own;
        context.setDispatcher(shared);
      }
      context.setSignal(AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS));
      options.onRequest?.();
      return context;
    },
    post: async (context: ResponseContext): Promise<ResponseContext> => context,
    close: async (): Promise<void> => {
      await shared?.close();
    },
  };
}

const HTTP_STATUS_MIN = 100;

/** The HTTP status of an API server's refusal; null for every other failure. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "number")
    return null;
  // A timeout is a DOMException, whose code is a small number: 23.
  return error.code >= HTTP_STATUS_MIN ? error.code : null;
}

/**
 * A failure in one line without headers or token: the API server's own words where it refused, and what to do
 * about it where that is known.
 */
export function explainKubernetes(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = statusOf(error);
  if (status !== null) return `${status} ${wordsOf(error)}`;
  if (error.name === "TimeoutError") return "the API server did not answer in time";
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

/** The package's message holds body and all headers; the body is a JSON text although its type says object. */
function wordsOf(error: Error): string {
  const body: unknown = "body" in error ? error.body : undefined;
  try {
    const parsed: unknown = typeof body === "string" ? JSON.parse(body) : body;
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) {
      return String(parsed.message);
    }
  } catch {
    // Not an API server's answer: a proxy's page, which says nothing worth repeating.
  }
  return "refused without a reason";
}
