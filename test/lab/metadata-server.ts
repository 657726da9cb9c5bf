// The metadata service of EC2, which tells an instance where it is and who, to requests with a
// session token alone. usage: tsx metadata-server.ts ADDRESS
import { createServer } from "node:http";
import { ROLE } from "./aws-signature";

const METADATA: { readonly [path: string]: string } = {
  "placement/region": ROLE.region,
  "services/domain": "amazonaws.com",
  "iam/security-credentials/": ROLE.name,
  [`iam/security-credentials/${ROLE.name}`]: JSON.stringify(
    {
      Code: "Success",
      Type: "AWS-HMAC",
      AccessKeyId: ROLE.accessKeyId,
      SecretAccessKey: ROLE.secretAccessKey,
      Token: ROLE.token,
    },
    null,
    2,
  ),
};

createServer(({ method, url = "", headers }, response) => {
  if (method === "PUT" && url === "/latest/api/token") {
    const seconds = Number(headers["x-aws-ec2-metadata-token-ttl-seconds"]);
    response.writeHead(seconds >= 1 && seconds <= 21600 ? 200 : 400).end("session");
    return;
  }
  const found = METADATA[url.replace("/latest/meta-data/", "")];
  const isAllowed = headers["x-aws-ec2-metadata-token"] === "session";
  response.writeHead(!isAllowed ? 401 : found === undefined ? 404 : 200).end(found);
}).listen(80, process.argv[2], () => console.log("ready"));
