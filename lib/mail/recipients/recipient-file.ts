import { readFileSync } from "node:fs";
import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { recipientAddress } from "./recipient-address";

/** A text file of recipients, one a line. */
export class RecipientFile {
  /**
   * @throws if it cannot be read
   */
  static read(path: string): RecipientFile {
    try {
      return new RecipientFile(path, readFileSync(path, "utf8"));
    } catch (error) {
      throw badInput(
        "recipients file",
        path,
        `cannot be read (${(error as NodeJS.ErrnoException).code}); give the path of a text file with one address a line`,
      );
    }
  }

  private constructor(
    private readonly path: string,
    private readonly text: string,
  ) {}

  /**
   * Its addresses, each once, in the spelling of Postfix.
   *
   * @param prop where the file stands in the props
   * @param domain the relay domain
   * @throws if a line is not an address of the domain; the message names the line
   */
  addresses(prop: string, domain: string): string[] {
    const lines = this.text.replace(/^\uFEFF/, "").split(/\r?\n/);
    const addresses = lines.flatMap((line, index) => {
      const text = line.trim();
      if (text === "" || text.startsWith("#")) {
        return [];
      }
      const place = `${prop}, line ${index + 1} of ${this.path}`;
      if (isDeferred(text)) {
        throw badInput(place, text, "is not a mail address; write out what it stands for");
      }
      return [recipientAddress(place, text, domain)];
    });
    return [...new Set(addresses)];
  }
}
