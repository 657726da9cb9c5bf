import { Scalar, stringify } from "yaml";
import type { HostFile } from "./host-file";

/** What cloud-init does on the first boot of an instance. */
export interface CloudConfigProps {
  /** The fully qualified name of the host. */
  readonly fqdn: string;
  /** The files to write, before any package is installed. */
  readonly files: readonly HostFile[];
  /**
   * The one program to run at the end, with its arguments. One, because cloud-init reports success
   * as soon as the last of several succeeds.
   */
  readonly program: readonly string[];
}

/**
 * One `#cloud-config` document.
 *
 * Source: https://docs.cloud-init.io/en/latest/reference/modules.html
 */
export function cloudConfig(props: CloudConfigProps): string {
  const document = {
    fqdn: props.fqdn,
    prefer_fqdn_over_hostname: true,
    write_files: props.files.map(({ path, content, isProgram }) => ({
      path,
      ...(isProgram === true ? { permissions: "0755" } : {}),
      content: text(content),
    })),
    runcmd: [props.program],
  };
  // Long lines are not folded: a file must arrive as it was rendered. Every byte counts, so lists
  // and blocks are indented as little as YAML allows.
  const layout = { lineWidth: 0, indent: 1, indentSeq: false };
  return `#cloud-config\n${stringify(document, layout)}`;
}

/** White space at the beginning would need an indentation mark, which is wrong at this indent. */
function text(content: string): string | Scalar<string> {
  const scalar = new Scalar(content);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return /^\s/.test(content) ? scalar : content;
}
