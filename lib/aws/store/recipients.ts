import { program, unit } from "../../host/host-file";
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
      unit(__dirname, "backup-mx-recipients.service"),
      unit(__dirname, "backup-mx-recipients.timer"),
      program(__dirname, "backup-mx-recipients"),
    ],
    configuration: { recipients: { url } },
    // Without the list Postfix could not tell who exists.
    steps: {
      beforeMail: [
        "/usr/local/sbin/backup-mx-retry systemctl start backup-mx-recipients",
        "systemctl enable --quiet --now backup-mx-recipients.timer",
      ],
    },
  };
}
