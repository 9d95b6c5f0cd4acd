import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export type Arrived = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};

/** What a loopback server says: nothing at all when it hangs. */
export type Reply =
  | {
      readonly status: number;
      readonly headers?: Record<string, string | string[]>;
      readonly body?: string | Buffer;
    }
  | ((response: ServerResponse) => void)
  | "hang";

/** A server on 127.0.0.1 that keeps every request; `await using` closes it. */
export async function listen(reply: (request: Arrived, index: number) => Reply): Promise<{
  readonly url: URL;
  readonly arrived: Arrived[];
  connections: () => number;
  [Symbol.asyncDispose]: () => Promise<void>;
}> {
  const arrived: Arrived[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      arrived.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      const said = reply(arrived[arrived.length - 1] as Arrived, arrived.length - 1);
      if (said === "hang") return;
      if (typeof said === "function") return said(response);
      response.writeHead(said.status, said.headers);
      response.end(said.body);
    });
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return {
    url,
    arrived,
    connections: () => connections,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A JSON reply. */
export function json(body: unknown, status = 200): Reply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
