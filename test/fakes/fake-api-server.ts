import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One object, as JSON. */
export type ApiObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string } & Record<
    string,
    unknown
  >;
  readonly [field: string]: unknown;
};

/** What a token may do. Without `names` every object of the resource. */
export type ApiRule = {
  readonly namespace: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly names?: readonly string[];
};

/** How one request goes wrong. `applied-then-lost`: it takes effect, and no answer comes. */
export type ApiFault = "hang" | "unavailable" | "applied-then-lost";

type Answer = { readonly code: number; readonly body: unknown };
type Call = {
  readonly verb: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly body: Record<string, unknown>;
};

const PATH = /^\/(?:api|apis\/[\w.]+)\/v1\/namespaces\/([\w.-]+)\/(\w+)(?:\/([\w.-]+))?$/;
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const VERBS: Readonly<Record<string, string>> = { GET: "get", PUT: "update", POST: "create" };

/**
 * A small Kubernetes API server on the loopback: single objects by namespace, resource and name, with versions,
 * MicroTime, refusals of what a token was not granted, and Status objects for errors, as the real one has them.
 */
export class FakeApiServer {
  /** `verb resource/name`, in the order of arrival. */
  readonly calls: string[] = [];
  /** Faults by call, such as `update leases/one`; each is used up by one call. */
  readonly faults: { readonly call: string; readonly fault: ApiFault }[] = [];
  readonly #objects = new Map<string, ApiObject>();
  readonly #rules = new Map<string, readonly ApiRule[]>();
  readonly #server: Server;
  #version = 1000;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Lets who shows this token do what the rules say, and nothing else. */
  grant(token: string, rules: readonly ApiRule[]): void {
    this.#rules.set(token, rules);
  }

  /** Puts an object there, as `kubectl apply` would. */
  put(resource: string, object: ApiObject): void {
    const { namespace, name } = object.metadata;
    this.#store(`${namespace}/${resource}/${name}`, object);
  }

  object(namespace: string, resource: string, name: string): ApiObject | undefined {
    return this.#objects.get(`${namespace}/${resource}/${name}`);
  }

  /** All objects of a resource, oldest first. */
  all(resource: string): readonly ApiObject[] {
    return [...this.#objects].flatMap(([key, object]) =>
      key.split("/")[1] === resource ? [object] : [],
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call = parseCall(request, Buffer.concat(chunks).toString());
    if (call === null) return reply(response, status(404, "NotFound", "no such path"));
    const told = `${call.verb} ${call.resource}/${call.name}`;
    this.calls.push(told);
    const at = this.faults.findIndex((each) => each.call === told);
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]?.fault;
    if (fault === "hang") return;
    if (fault === "unavailable") return reply(response, { code: 503, body: "no backend" });
    const answer = this.#answer(
      call,
      /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1],
    );
    if (fault === "applied-then-lost") return void response.destroy();
    reply(response, answer);
  }

  #answer(call: Call, token: string | undefined): Answer {
    const rules = token === undefined ? undefined : this.#rules.get(token);
    if (rules === undefined) return status(401, "Unauthorized", "Unauthorized");
    if (!rules.some((rule) => permits(rule, call))) {
      const what = `cannot ${call.verb} resource "${call.resource}" in the namespace "${call.namespace}"`;
      return status(403, "Forbidden", `${call.resource} "${call.name}" is forbidden: ${what}`);
    }
    if (call.verb === "get") return this.#get(call);
    const wrong = malformed(call);
    if (wrong !== null) return wrong;
    return call.verb === "create" ? this.#create(call) : this.#update(call);
  }

  #get({ namespace, resource, name }: Call): Answer {
    const found = this.object(namespace, resource, name);
    if (found !== undefined) return { code: 200, body: found };
    return status(404, "NotFound", `${resource} "${name}" not found`);
  }

  #create({ namespace, resource, name, body }: Call): Answer {
    if (this.object(namespace, resource, name) !== undefined) {
      return status(409, "AlreadyExists", `${resource} "${name}" already exists`);
    }
    return { code: 201, body: this.#store(`${namespace}/${resource}/${name}`, body as ApiObject) };
  }

  #update({ namespace, resource, name, body }: Call): Answer {
    const key = `${namespace}/${resource}/${name}`;
    const found = this.#objects.get(key);
    // The real one would create it here, which a token that may only update cannot ask for.
    if (found === undefined) return status(404, "NotFound", `${resource} "${name}" not found`);
    const wanted = (body as ApiObject).metadata["resourceVersion"];
    if (wanted === undefined) {
      const why = "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update";
      return status(422, "Invalid", `${resource} "${name}" is invalid: ${why}`);
    }
    if (wanted !== found.metadata["resourceVersion"]) {
      const why = "the object has been modified; please apply your changes to the latest version";
      return status(
        409,
        "Conflict",
        `Operation cannot be fulfilled on ${resource} "${name}": ${why}`,
      );
    }
    return { code: 200, body: this.#store(key, body as ApiObject) };
  }

  #store(key: string, object: ApiObject): ApiObject {
    this.#version += 1;
    const metadata = { uid: `uid-of-${key}`, ...object.metadata };
    const stored = { ...object, metadata: { ...metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(key, stored);
    return stored;
  }
}

function parseCall(request: IncomingMessage, text: string): Call | null {
  const path = PATH.exec(new URL(request.url ?? "/", "http://fake").pathname);
  const verb = VERBS[request.method ?? ""];
  if (path === null || verb === undefined) return null;
  const [, namespace = "", resource = "", named] = path;
  const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
  const name = named ?? (body as ApiObject).metadata.name;
  return { verb, namespace, resource, name, body };
}

function permits(rule: ApiRule, call: Call): boolean {
  if (rule.namespace !== call.namespace || rule.resource !== call.resource) return false;
  return rule.verbs.includes(call.verb) && rule.names?.includes(call.name) !== false;
}

function malformed({ resource, name, body }: Call): Answer | null {
  if (resource !== "leases") return null;
  const spec = (body["spec"] ?? {}) as Record<string, unknown>;
  for (const field of ["acquireTime", "renewTime"]) {
    const value = spec[field];
    if (value === undefined || (typeof value === "string" && MICRO_TIME.test(value))) continue;
    const why = `parsing time "${JSON.stringify(value)}" as "2006-01-02T15:04:05.000000Z07:00"`;
    return status(400, "BadRequest", `Lease in version "v1" cannot be handled as a Lease: ${why}`);
  }
  const seconds = spec["leaseDurationSeconds"];
  if (seconds === undefined || (Number.isInteger(seconds) && Number(seconds) > 0)) return null;
  return status(422, "Invalid", `leases "${name}" is invalid: spec.leaseDurationSeconds`);
}

function status(code: number, reason: string, message: string): Answer {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", reason, message, code };
  return { code, body };
}

function reply(response: ServerResponse, { code, body }: Answer): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
