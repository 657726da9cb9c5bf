import type { HostFile } from "../../host/host-file";
import { shippedFile } from "../../host/shipped-file";

/**
 * The files by which a host gets its list of recipients: before Postfix starts, and every minute
 * from then on.
 *
 * @param url where the list lies in S3
 */
export function recipientsFiles(url: string): HostFile[] {
  return [
    { path: "/etc/backup-mx/recipients.env", content: `RECIPIENTS_URL='${url}'\n` },
    ...["backup-mx-recipients.service", "backup-mx-recipients.timer"].map((unit) => ({
      path: `/etc/systemd/system/${unit}`,
      content: shippedFile(__dirname, unit),
    })),
    {
      path: "/usr/local/sbin/backup-mx-recipients",
      content: shippedFile(__dirname, "backup-mx-recipients"),
      isProgram: true,
    },
    {
      path: "/etc/backup-mx/setup.d/recipients",
      content: shippedFile(__dirname, "setup-recipients"),
      isProgram: true,
    },
  ];
}
