// The two services of AWS that a host sends its figures with, on addresses of their own: metadata
// by session token on 169.254.169.254, and CloudWatch, which checks the signature of each request.
// usage: tsx cloudwatch.ts CERTIFICATE KEY; prints the accepted bodies, one a line.
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

const [certificate, key] = process.argv.slice(2);
const ACCESS_KEY_ID = "ASIAIOSFODNN7EXAMPLE";
// With every character that a quoting could break.
const SECRET = 'wJalrXUtn/K7MDENG+bPxRfi=CY"EXAMPLEKEY'.replace('"', "");
const SESSION_TOKEN = "IQoJb3JpZ2luX2VjE==/+abc";
const REGION = "eu-central-1";

const METADATA: { readonly [path: string]: string } = {
  "placement/region": REGION,
  "services/domain": "amazonaws.com",
  "iam/security-credentials/": "backup-mx-role",
  "iam/security-credentials/backup-mx-role": JSON.stringify(
    {
      Code: "Success",
      Type: "AWS-HMAC",
      AccessKeyId: ACCESS_KEY_ID,
      SecretAccessKey: SECRET,
      Token: SESSION_TOKEN,
    },
    null,
    2,
  ),
};

createServer((request, response) => {
  const { method, url = "", headers } = request;
  if (method === "PUT" && url === "/latest/api/token") {
    const seconds = Number(headers["x-aws-ec2-metadata-token-ttl-seconds"]);
    response.writeHead(seconds >= 1 && seconds <= 21600 ? 200 : 400).end("session");
    return;
  }
  const found = METADATA[url.replace("/latest/meta-data/", "")];
  const isAllowed = headers["x-aws-ec2-metadata-token"] === "session";
  response.writeHead(!isAllowed ? 401 : found === undefined ? 404 : 200).end(found);
}).listen(80, "169.254.169.254");

const hmac = (secret: string | Buffer, text: string) =>
  createHmac("sha256", secret).update(text).digest();

/** What the signature must be, from https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html. */
function signature(signed: string, headers: NodeJS.Dict<string | string[]>, body: string): string {
  const time = String(headers["x-amz-date"]);
  const scope = `${time.slice(0, 8)}/${REGION}/monitoring/aws4_request`;
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const names = signed.split(";");
  const canonical = [
    "POST",
    "/",
    "",
    ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
    "",
    signed,
    sha256(body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const signingKey = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${SECRET}`) as Buffer;
  return hmac(signingKey, text).toString("hex");
}

createTlsServer(
  { cert: readFileSync(certificate), key: readFileSync(key) },
  (request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      const { headers } = request;
      const [, signed = "", given] =
        /SignedHeaders=([^,]+), *Signature=(\w+)/.exec(headers.authorization ?? "") ?? [];
      const isSigned =
        headers["x-amz-security-token"] === SESSION_TOKEN &&
        signed.split(";").includes("x-amz-security-token") &&
        signature(signed, headers, body) === given;
      if (isSigned) {
        console.log(body);
      }
      response.writeHead(isSigned ? 200 : 403).end();
    });
  },
).listen(443, "127.0.0.1", () => console.log("ready"));
