import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const LIB = resolve(__dirname, "../../lib");

/**
 * What each room may import beside itself: a construct knows its parts, no part knows it. The files
 * at the top of the library may import from every room.
 */
const BELOW: { readonly [room: string]: readonly string[] } = {
  aws: ["host", "input", "mail", "terraform"],
  dns: ["input", "mail", "terraform"],
  host: ["input", "mail"],
  mail: ["input"],
  input: [],
  terraform: ["input"],
};

const room = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");

/** The imports of a room's files, as "file imports file", both from the top of the library. */
function imports(of: string): { readonly from: string; readonly what: string }[] {
  const files = readdirSync(join(LIB, of), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(of, name));
  expect(files).not.toEqual([]);
  return files.flatMap((file) =>
    [...readFileSync(join(LIB, file), "utf8").matchAll(/from "(\.[^"]+)"/g)].map(([, what]) => ({
      from: file,
      what: relative(LIB, resolve(LIB, dirname(file), what)),
    })),
  );
}

test.each(Object.entries(BELOW))("%s imports from below only: %j", (of, below) => {
  const upwards = imports(of).filter(({ what }) => ![of, ...below].includes(room(what)));
  expect(upwards).toEqual([]);
});

test("every room of the library is known here", () => {
  const rooms = readdirSync(LIB, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(rooms.map(({ name }) => name).sort()).toEqual(Object.keys(BELOW).sort());
});
