/** What Postfix's smtpd changes in a mail on its way in, whatever comes after it. */
export const REPAIRS = {
  "lone CR": "a CR that no LF follows becomes a space: it could smuggle a mail",
  "mailbox line": "a first line as mailboxes have it becomes the field X-Mailbox-Line",
  "fold at the top":
    "a first line that begins with white space begins the body, after a blank line",
  "space before the colon": "white space between the name of a field and its colon goes",
  "no field": "a line in the header that is no field begins the body, after a blank line",
} as const;

export type Repair = keyof typeof REPAIRS;

/** A mail as Postfix makes it, and the repairs that it needed. */
export function repaired(mail: string): { data: string; repairs: Repair[] } {
  const repairs = new Set<Repair>();
  const did = (repair: Repair, text: string) => {
    repairs.add(repair);
    return text;
  };
  let data = mail.replace(/\r(?!\n)/g, () => did("lone CR", " "));
  if (/^>*From /.test(data)) {
    data = did("mailbox line", `X-Mailbox-Line: ${data}`);
  } else if (/^[ \t]/.test(data)) {
    return { data: did("fold at the top", `\r\n${data}`), repairs: [...repairs] };
  }
  const lines = data.split("\r\n");
  for (let n = 0; n < lines.length - 1 && lines[n] !== ""; n++) {
    const field = /^([!-9;-~]+)([ \t]*):/.exec(lines[n]);
    if (field !== null && field[2] !== "") {
      lines[n] = did("space before the colon", lines[n].replace(field[0], `${field[1]}:`));
    } else if (field === null && !/^[ \t]/.test(lines[n])) {
      lines[n] = did("no field", `\r\n${lines[n]}`);
      break;
    }
  }
  return { data: lines.join("\r\n"), repairs: [...repairs] };
}
