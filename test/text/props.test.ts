import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROPS_PAGE, propsPage } from "../../scripts/props";

test("docs/props.md says what the docstrings say; after a change: npm run docs:props", () => {
  expect(readFileSync(PROPS_PAGE, "utf8")).toBe(propsPage());
});

describe("a library of one interface", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "library-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function page(text: string): string {
    const entry = join(folder, "index.ts");
    writeFileSync(entry, text);
    return propsPage(entry);
  }

  test("is a table with type, default and meaning", () => {
    const text = page(`
      /** The colour of a thing. */
      export class Colour {
        /** As the sky, or \`bluer|greener\`. */
        static blue(): Colour { return new Colour(); }
        /** As a thing has it. */
        static of({ colour }: ThingProps): Colour { return colour ?? Colour.blue(); }
        /** @internal */
        static unseen(): Colour { return new Colour(); }
        private constructor() {}
        /** What the library asks. */
        hex(): string { return ""; }
      }
      interface Sized {
        /**
         * How wide it is.
         *
         * @default 3 - as the others
         */
        readonly width?: number;
      }
      /** A thing. */
      export interface ThingProps extends Sized {
        /** What it is called. */
        readonly name: string;
        /**
         * The colour.
         *
         * @default - that of the wall
         */
        readonly colour?: Colour;
        /** @internal */
        readonly secret: string;
      }`);
    expect(text).toContain("| `name` | `string` | required | What it is called. |");
    expect(text).toContain("| `colour` | [`Colour`](#colour) | that of the wall | The colour. |");
    expect(text).toContain("It also has the props of [`Sized`](#sized).");
    expect(text).toContain("| `width` | `number` | `3`, as the others | How wide it is. |");
    expect(text).toContain("| `Colour.blue()` | As the sky, or `bluer\\|greener`. |");
    expect(text).toContain(
      "| [`Colour.of(props: ThingProps)`](#thingprops) | As a thing has it. |",
    );
    expect(text).not.toMatch(/secret|hex|unseen/);
  });

  test("cannot be written without the default of an optional prop", () => {
    expect(() =>
      page(`export interface ThingProps {
        /** How wide it is. */
        readonly width?: number;
      }`),
    ).toThrow(
      'ThingProps.width is optional and has no @default; add "@default <value>" or "@default - <sentence>"',
    );
  });

  test("cannot be written without the meaning of a prop", () => {
    expect(() => page("export interface ThingProps { readonly width: number }")).toThrow(
      "ThingProps.width has no docstring; say what it means",
    );
  });
});
