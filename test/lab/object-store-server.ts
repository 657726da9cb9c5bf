// One bucket of S3, which serves the files of a folder to those who sign as the role of an instance.
// A file whose name ends with .cut stands for a connection that breaks in the middle of the object.
// usage: tsx object-store-server.ts ADDRESS BUCKET CERTIFICATE KEY FOLDER
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { isSigned, sha256 } from "./aws-signature";

const [address, bucket, certificate, key, folder] = process.argv.slice(2);

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  const { method, url = "", headers } = request;
  const isAllowed =
    method === "GET" &&
    headers.host === bucket &&
    headers["x-amz-content-sha256"] === sha256("") &&
    isSigned(request, "", "s3", ["x-amz-content-sha256"]);
  const file = join(folder, url);
  console.log(`${isAllowed ? "allowed" : "denied"} ${method} ${url}`);
  if (!isAllowed) {
    response.writeHead(403).end();
  } else if (existsSync(`${file}.cut`)) {
    const half = readFileSync(`${file}.cut`);
    response.writeHead(200, { "content-length": 2 * half.length });
    response.write(half, () => response.destroy());
  } else {
    const found = existsSync(file);
    response.writeHead(found ? 200 : 404).end(found ? readFileSync(file) : undefined);
  }
}).listen(443, address, () => console.log("ready"));
