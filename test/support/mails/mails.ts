import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RawMail, succeed } from "../../../lab";
import type { Requirement } from "../requirements";

/** A mail as it is sent. Every text is latin-1: one letter, one byte. */
export interface Mail extends RawMail {
  /** As its ENVID has it. */
  readonly name: string;
  readonly kind: string;
}

/** OpenDKIM's library, which signs mails and verifies them. */
export const openDkim: Requirement = {
  remedy: "install libopendkim.so.11 (Debian: apt-get install libopendkim11)",
  isMet: () =>
    readdirSync("/usr/lib").some((folder) => existsSync(`/usr/lib/${folder}/libopendkim.so.11`)),
};

const DKIM = join(__dirname, "dkim.py");

/** Mails in a folder of their own, and the key that signs them. */
export class MailFolder {
  private readonly path = mkdtempSync(join(tmpdir(), "mails-"));
  private readonly key = join(this.path, "key");
  private readonly keys = join(this.path, "keys");

  constructor() {
    const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
    openssl("genrsa", "-out", this.key, "2048");
    const key = openssl("rsa", "-in", this.key, "-pubout", "-outform", "DER").toString("base64");
    writeFileSync(this.keys, `lab._domainkey.sender.example v=DKIM1; k=rsa; p=${key}\n`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  /** Mails of our own making, of which there are two sets. */
  async made(set: "many kinds" | "ham and spam"): Promise<Mail[]> {
    await succeed(["python3", join(__dirname, "mails.py"), set, this.path]);
    const listed: Omit<Mail, "data">[] = JSON.parse(this.read("mails.json"));
    return listed.map((mail) => ({ ...mail, data: this.read(mail.name) }));
  }

  /** The mails of a folder, `*.eml` in it and in those below. Each gets CRLF and a last line end. */
  foreign(folder: string): Mail[] {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
    const paths = files.filter((path) => path.endsWith(".eml"));
    return paths.map((path, number) => {
      const name = `foreign-${number + 1}`;
      const text = readFileSync(join(folder, path), "latin1").replace(/\r?\n/g, "\r\n");
      const data = text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
      const mail = `MAIL FROM:<Anton.VERP+AbC=Zz@sender.example> BODY=8BITMIME RET=HDRS ENVID=${name}`;
      const rcpt = [
        "RCPT TO:<Bob.Case@example.com> NOTIFY=NEVER ORCPT=rfc822;Bob.Case@example.com",
      ];
      return { name, kind: path, mail, rcpt, data };
    });
  }

  /** The mails with a signature on top of each, but for those that cannot have a valid one. */
  async signed(mails: readonly Mail[]): Promise<{ mails: Mail[]; unsigned: string[] }> {
    await this.dkim("sign", this.key, mails);
    const signed = mails.map((mail) => ({ ...mail, data: this.read(mail.name) }));
    return { mails: signed, unsigned: Object.keys(await this.wrong(signed)) };
  }

  /** What is wrong with the signatures of mails, by their name. */
  async wrong(mails: readonly Pick<Mail, "name" | "data">[]): Promise<Record<string, string>> {
    const said = await this.dkim("verify", this.keys, mails);
    return Object.fromEntries(Object.entries(said).filter(([, verdict]) => verdict !== "valid"));
  }

  private async dkim(
    job: string,
    key: string,
    mails: readonly Pick<Mail, "name" | "data">[],
  ): Promise<Record<string, string>> {
    for (const { name, data } of mails) {
      writeFileSync(join(this.path, name), data, "latin1");
    }
    const names = mails.map(({ name }) => name);
    return JSON.parse(await succeed(["python3", DKIM, job, this.path, key, ...names]));
  }

  private read(name: string): string {
    return readFileSync(join(this.path, name), "latin1");
  }
}
