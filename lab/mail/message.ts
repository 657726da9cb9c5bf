/** A mail with a subject by which it is found again. */
export function message(subject: string, body = "Hello"): string {
  return [
    "From: alice@sender.example",
    "To: bob@example.com",
    `Subject: ${subject}`,
    `Message-ID: <${subject.replaceAll(" ", "-")}@sender.example>`,
    "Date: Sun, 1 Nov 2026 12:00:00 +0000",
    "",
    `${body}\n`,
  ].join("\n");
}
