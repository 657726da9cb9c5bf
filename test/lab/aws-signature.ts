import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** The credentials of the role of an instance, and where it stands. */
export const ROLE = {
  name: "backup-mx-role",
  region: "eu-central-1",
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtn/K7MDENG+bPxRfi=CYEXAMPLEKEY",
  token: "IQoJb3JpZ2luX2VjE==/+abc",
};

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (secret: string | Buffer, text: string) =>
  createHmac("sha256", secret).update(text).digest();

/**
 * Whether a request is signed for a service by the role. What S3 insists on must be signed, too.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export function isSigned(
  { method, url, headers }: IncomingMessage,
  body: string,
  service: string,
  required: readonly string[],
): boolean {
  const [, signed = "", given] =
    /SignedHeaders=([^,]+), *Signature=(\w+)/.exec(headers.authorization ?? "") ?? [];
  const names = signed.split(";");
  const time = String(headers["x-amz-date"]);
  const scope = `${time.slice(0, 8)}/${ROLE.region}/${service}/aws4_request`;
  const canonical = [
    method,
    url,
    "",
    ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
    "",
    signed,
    sha256(body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const start = `AWS4${ROLE.secretAccessKey}`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, start) as Buffer;
  return (
    hmac(key, text).toString("hex") === given &&
    headers["x-amz-security-token"] === ROLE.token &&
    ["host", "x-amz-date", "x-amz-security-token", ...required].every((name) =>
      names.includes(name),
    )
  );
}
