import { program, shippedStep, unit } from "../../host/host-file";
import type { HostPart } from "../../host/host-part";
import { AWS_REQUEST } from "../request/aws-request";

/**
 * Gets the list of recipients: before Postfix starts, and every minute from then on.
 *
 * @param url where the list lies in S3
 */
export function recipientsPart(url: string): HostPart {
  return {
    files: [
      AWS_REQUEST,
      { path: "/etc/backup-mx/recipients.env", content: `RECIPIENTS_URL='${url}'\n` },
      unit(__dirname, "backup-mx-recipients.service"),
      unit(__dirname, "backup-mx-recipients.timer"),
      program(__dirname, "backup-mx-recipients"),
      shippedStep(__dirname, "recipients"),
    ],
  };
}
