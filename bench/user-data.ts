import { createHash } from "node:crypto";
import { userDataSize } from "../lib/aws/server/user-data";
import { mailHostUserData } from "../lib/host/mail-host";
import { mailDomain } from "../lib/mail/mail-domain";
import { mailPolicy } from "../lib/mail/mail-policy";

// How much of EC2's 16,384 bytes so many domains take. Real names compress a little better than
// these, which are as random as a name can be.
const hostname = "mx2.example.net";
const PLACE = { publicAddress: "203.0.113.25", queueVolumeId: "vol-0123456789abcdef0" };
const policy = mailPolicy(hostname, {});
for (const count of [1, 10, 100, 200, 400, 800]) {
  const domains = Array.from({ length: count }, (_, index) => {
    const name = `${createHash("sha1").update(String(index)).digest("hex").slice(0, 10)}.example`;
    return mailDomain("domain", { name, primaries: [{ hostname: `mx1.${name}` }] }, hostname);
  });
  for (const isCommented of [true, false]) {
    const text = mailHostUserData(policy, domains, { ...PLACE, isCommented });
    const { plain, compressed } = userDataSize(text);
    const comments = isCommented ? "with" : "without";
    console.log(`${count} domains, ${comments} comments: ${plain} bytes, ${compressed} compressed`);
  }
}
