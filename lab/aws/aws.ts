import { execFileSync } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { NetworkHost } from "../net/network";
import { Relay } from "../net/relay";
import { Bucket } from "./bucket";

/** A request to a service, with a signature that was found right. */
export interface AwsRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AwsAnswer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the connection breaks when half of the body is through. */
  readonly isCut?: boolean;
}

/** What a service makes of a request. */
export type AwsService = (request: AwsRequest) => AwsAnswer | Promise<AwsAnswer>;

const ACCESS_KEY_ID = "ASIAIOSFODNN7EXAMPLE";
// With every character that a quoting could break.
const SECRET = "wJalrXUtn/K7MDENG+bPxRfi=CYEXAMPLEKEY";
const SESSION_TOKEN = "IQoJb3JpZ2luX2VjE==/+abc";
const REGION = "eu-central-1";

const METADATA: { readonly [path: string]: string } = {
  "placement/region": REGION,
  "services/domain": "amazonaws.com",
  "iam/security-credentials/": "backup-mx-role",
  "iam/security-credentials/backup-mx-role": JSON.stringify(
    {
      Code: "Success",
      LastUpdated: "2026-01-01T00:00:00Z",
      Type: "AWS-HMAC",
      AccessKeyId: ACCESS_KEY_ID,
      SecretAccessKey: SECRET,
      Token: SESSION_TOKEN,
      Expiration: "2099-01-01T00:00:00Z",
    },
    null,
    2,
  ),
};

/**
 * A host that stands in for AWS: the metadata of an instance, given by session token alone, and
 * services under their public names by HTTPS, which take a request only if the role of the
 * instance has signed it.
 */
export class Aws {
  /** The address of the metadata; whoever asks for them needs one in 169.254.0.0/16. */
  static readonly METADATA = "169.254.169.254";

  /**
   * @param host wears the address of the metadata beside its own
   * @param services by name, such as `monitoring.eu-central-1`; `s3` stands for what everybody may
   * read, and needs no signature
   */
  static async start(
    host: NetworkHost,
    services: { readonly [name: string]: AwsService },
  ): Promise<Aws> {
    const folder = mkdtempSync(join(tmpdir(), "aws-"));
    try {
      const [certificate, key] = ["certificate.pem", "key.pem"].map((name) => join(folder, name));
      const names = [...Object.keys(services), `*.s3.${REGION}`].map(
        (name) => `DNS:${name}.amazonaws.com`,
      );
      execFileSync(
        "openssl",
        [
          ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key],
          ...["-out", certificate, "-subj", "/CN=AWS", "-addext", `subjectAltName=${names}`],
        ],
        { stdio: "pipe" },
      );
      const aws = new Aws(host.address, services, readFileSync(certificate), readFileSync(key));
      aws.relays.push(await Relay.open(host, 80, aws.metadata()));
      aws.relays.push(await Relay.open(host, 443, aws.services()));
      return aws;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Set it to have every service fail as in an outage of AWS. */
  isDown = false;
  /** The requests that were refused for their signature, such as `PUT /`. */
  readonly unsigned: string[] = [];
  /** Whether the instance has no role, as in the minutes after it was made. */
  hasNoRole = false;
  private readonly relays: Relay[] = [];
  private readonly handlers: Map<string, AwsService>;

  private constructor(
    readonly address: string,
    services: { readonly [name: string]: AwsService },
    /** What its clients have to trust. */
    readonly certificate: Buffer,
    private readonly key: Buffer,
  ) {
    this.handlers = new Map(Object.entries(services));
  }

  /** The names of the services. */
  get names(): string[] {
    return [...this.handlers.keys()].map((name) => `${name}.amazonaws.com`);
  }

  /** A new bucket, which is reached at this host name. */
  bucket(hostname: string): Bucket {
    const bucket = new Bucket();
    this.handlers.set(hostname.replace(".amazonaws.com", ""), bucket.answer);
    return bucket;
  }

  async stop(): Promise<void> {
    for (const relay of this.relays) {
      await relay.close();
    }
  }

  private metadata(): Server {
    return createServer(({ method, url = "", headers }, response) => {
      if (method === "PUT" && url === "/latest/api/token") {
        const seconds = String(headers["x-aws-ec2-metadata-token-ttl-seconds"]);
        const isGood = Number(seconds) >= 1 && Number(seconds) <= 21600;
        response
          .writeHead(isGood ? 200 : 400, { "x-aws-ec2-metadata-token-ttl-seconds": seconds })
          .end("session");
        return;
      }
      const path = url.replace("/latest/meta-data/", "");
      const found = this.hasNoRole && path.startsWith("iam/") ? undefined : METADATA[path];
      const isAllowed = headers["x-aws-ec2-metadata-token"] === "session";
      response.writeHead(!isAllowed ? 401 : found === undefined ? 404 : 200).end(found);
    });
  }

  private services(): Server {
    return createTlsServer({ cert: this.certificate, key: this.key }, async (request, response) => {
      const { method = "", url = "", headers } = request;
      const body = await text(request);
      const name = (headers.host ?? "").replace(".amazonaws.com", "");
      const service = this.handlers.get(name);
      if (this.isDown || service === undefined) {
        response.writeHead(503).end();
      } else if (name !== "s3" && !isSigned(name, { method, url, headers, body })) {
        this.unsigned.push(`${method} ${name} ${url}`);
        response.writeHead(403).end("SignatureDoesNotMatch");
      } else {
        const answer = await service({ method, url, headers, body });
        const length = Buffer.byteLength(answer.body);
        response.writeHead(answer.status, { "content-length": length, ...answer.headers });
        if (answer.isCut) {
          response.write(answer.body.slice(0, length / 2), () => response.destroy());
        } else {
          response.end(answer.body);
        }
      }
    });
  }
}

const hmac = (secret: string | Buffer, text: string) =>
  createHmac("sha256", secret).update(text).digest();
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/**
 * Whether the credentials of the metadata have signed a request for this service.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function isSigned(name: string, { method, url, headers, body }: AwsRequest): boolean {
  const [, scope, signed = "", given] =
    /Credential=[^/]+\/([^,]+), *SignedHeaders=([^,]+), *Signature=(\w+)/.exec(
      headers.authorization ?? "",
    ) ?? [];
  const names = signed.split(";");
  const time = String(headers["x-amz-date"]);
  // A service of no region counts to the first of all.
  const [, service, region = "us-east-1"] =
    /([^.]+?)(?:\.([a-z]+-[a-z]+-[0-9]))?$/.exec(name) ?? [];
  const isContentSigned =
    names.includes("x-amz-content-sha256") && headers["x-amz-content-sha256"] === sha256(body);
  if (
    (service === "s3" && !isContentSigned) ||
    scope !== `${time.slice(0, 8)}/${region}/${service}/aws4_request` ||
    !headers.authorization?.includes(`Credential=${ACCESS_KEY_ID}/`) ||
    headers["x-amz-security-token"] !== SESSION_TOKEN ||
    !["host", "x-amz-date", "x-amz-security-token"].every((header) => names.includes(header))
  ) {
    return false;
  }
  const [path, query = ""] = url.split("?");
  const canonical = [
    method,
    path,
    query.split("&").sort().join("&"),
    ...names.map((header) => `${header}:${String(headers[header]).trim()}`),
    "",
    signed,
    sha256(body),
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${SECRET}`) as Buffer;
  return hmac(key, toSign).toString("hex") === given;
}
