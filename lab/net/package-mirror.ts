import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, mkdirSync } from "node:fs";
import { rename, stat } from "node:fs/promises";
import {
  createServer,
  get,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { AptSources } from "../machine/apt-sources";
import { cacheFolder } from "../machine/cache";
import type { NetworkHost } from "./network";
import { Relay } from "./relay";

const port = 3142;

/** A proxy for apt on a host of the lab. */
export class PackageMirror {
  private readonly hosts = AptSources.ofThisMachine().hosts;
  private readonly folder = join(cacheFolder, "packages");
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch((error) => {
      if (!response.headersSent) {
        response.writeHead(502);
      }
      response.end(String(error));
    });
  });
  private readonly fetches = new Map<string, Promise<number>>();
  private relay?: Relay;

  private constructor(private readonly host: NetworkHost) {
    mkdirSync(this.folder, { recursive: true });
  }

  /** Opens the proxy on a host. */
  static async open(host: NetworkHost): Promise<PackageMirror> {
    const mirror = new PackageMirror(host);
    mirror.relay = await Relay.open(host, port, mirror.server);
    return mirror;
  }

  /** The value of apt's `Acquire::http::Proxy`. */
  get url(): string {
    return `http://${this.host.address}:${port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await this.relay?.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.canParse(request.url ?? "") ? new URL(request.url ?? "") : undefined;
    if (request.method !== "GET" || url?.protocol !== "http:" || !this.hosts.includes(url.host)) {
      response.writeHead(403).end("only packages from the mirror of this machine\n");
      return;
    }
    if (/\/(pool|by-hash)\//.test(url.pathname)) {
      await this.answerFromCache(url, response);
      return;
    }
    const { "if-modified-since": since, "cache-control": control } = request.headers;
    const headers = {
      ...(since && { "if-modified-since": since }),
      ...(control && { "cache-control": control }),
    };
    const answer = await fetchFromMirror(url, headers);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, response);
  }

  /** What lies in such a folder never changes under its name. */
  private async answerFromCache(url: URL, response: ServerResponse): Promise<void> {
    const file = join(this.folder, createHash("sha256").update(url.href).digest("hex"));
    if (!existsSync(file)) {
      const fetching = this.fetches.get(file) ?? keep(url, file);
      this.fetches.set(file, fetching);
      const status = await fetching.finally(() => this.fetches.delete(file));
      if (status !== 200) {
        response.writeHead(status).end();
        return;
      }
    }
    response.writeHead(200, { "content-length": (await stat(file)).size });
    await pipeline(createReadStream(file), response);
  }
}

async function fetchFromMirror(
  url: URL,
  headers: OutgoingHttpHeaders = {},
): Promise<IncomingMessage> {
  const request = get(url, { headers, timeout: 60_000 });
  request.on("timeout", () => request.destroy(new Error(`${url}: no answer for a minute`)));
  const [answer] = await once(request, "response");
  // From here on what goes wrong is an error of the answer as well, and handled there.
  request.on("error", () => {});
  return answer;
}

/** Stores a file of the mirror, whole or not at all, and returns the mirror's status. */
async function keep(url: URL, file: string): Promise<number> {
  const answer = await fetchFromMirror(url);
  const status = answer.statusCode ?? 502;
  if (status !== 200) {
    answer.resume();
    return status;
  }
  const part = `${file}.${process.pid}`;
  await pipeline(answer, createWriteStream(part));
  await rename(part, file);
  return status;
}
