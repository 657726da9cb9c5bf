import { execFileSync } from "node:child_process";

const PROGRAM = `
import io, sys, zipfile
def packed(content, copies):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(copies):
            archive.writestr(f"{n}.{'zip' if content[:2] == b'PK' else 'txt'}", content)
    return file.getvalue()
content = sys.stdin.buffer.read() or bytes(int(sys.argv[1]))
for copies in sys.argv[2:]:
    content = packed(content, int(copies))
sys.stdout.buffer.write(content)
`;

function pack(input: string, bytes: number, ...copies: number[]): Buffer {
  const args = ["-c", PROGRAM, String(bytes), ...copies.map(String)];
  return execFileSync("python3", args, { input, maxBuffer: 16 * 1024 ** 2 });
}

/** A zip archive with one text file. */
export function archive(text: string): Buffer {
  return pack(text, 0, 1);
}

/** A zip archive of archives: a few kilobytes that become gigabytes where they are unpacked. */
export function bomb(): Buffer {
  return pack("", 200 * 1024 ** 2, 1, 10, 2);
}
