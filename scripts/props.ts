import { writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import * as ts from "typescript";

const REPOSITORY = resolve(__dirname, "..");
const LIB = join(REPOSITORY, "lib");

/** The page that is written. */
export const PROPS_PAGE = join(REPOSITORY, "docs/props.md");

const INTRODUCTION = `\
# Props

This page lists every prop, factory and attribute of the library, with its type, its default and its meaning.

<!-- Written from the docstrings in lib/ by \`npm run docs:props\`. Change the docstrings, not this page. -->

A prop that is named like a Postfix parameter sets [that parameter](https://www.postfix.org/postconf.5.html). A bad value stops the synthesis with one sentence: \`domains[0].primaries[0].port 70000 is out of range; give a whole number from 1 to 65535\`.
`;

/**
 * The page with everything that users of the library write, made from its docstrings.
 *
 * @param entry the file that exports it
 * @throws if a prop has no docstring, or an optional one no @default
 */
export function propsPage(entry = join(LIB, "index.ts")): string {
  return new Page(entry).text();
}

/** An interface, class or enum that gets a section of its own. */
type Section = ts.InterfaceDeclaration | ts.ClassDeclaration | ts.EnumDeclaration;

class Page {
  private readonly checker: ts.TypeChecker;
  private readonly folder: string;
  /** In the order of the page. */
  private readonly sections = new Map<string, Section>();
  private readonly problems: string[] = [];

  constructor(entry: string) {
    const { options } = ts.parseJsonConfigFileContent(
      ts.readConfigFile(join(REPOSITORY, "tsconfig.json"), ts.sys.readFile).config,
      ts.sys,
      REPOSITORY,
    );
    const program = ts.createProgram([entry], options);
    this.checker = program.getTypeChecker();
    this.folder = resolve(entry, "..");
    const source = program.getSourceFile(entry);
    const module = source && this.checker.getSymbolAtLocation(source);
    if (module === undefined) {
      throw new Error(`${entry} exports nothing`);
    }
    const exported = this.checker.getExportsOfModule(module);
    // What is made comes first: everything else on the page is a part of it.
    const isConstruct = (symbol: ts.Symbol) =>
      this.declarations(symbol).some((d) => ts.isClassDeclaration(d) && constructorOf(d));
    for (const root of [...exported.filter(isConstruct), ...exported]) {
      const waiting = [root];
      for (const symbol of waiting) {
        waiting.push(...this.add(symbol).flatMap((declaration) => this.typesIn(declaration)));
      }
    }
  }

  text(): string {
    const names = [...this.sections.keys()];
    const index = names.map((name) => `[${name}](#${anchor(name)})`).join(" · ");
    const sections = names.map((name) => this.section(name, this.sections.get(name) as Section));
    if (this.problems.length > 0) {
      throw new Error(`docs/props.md cannot be written:\n${this.problems.join("\n")}`);
    }
    return [INTRODUCTION, `${index}\n`, ...sections].join("\n");
  }

  /** Gives a type its section and, right behind it, each type that it extends. */
  private add(symbol: ts.Symbol): Section[] {
    return this.declarations(symbol).flatMap((declaration) => {
      const name = declaration.name?.text;
      if (name === undefined || this.sections.has(name) || isInternal(declaration)) {
        return [];
      }
      this.sections.set(name, declaration);
      return [declaration, ...this.basesOf(declaration).flatMap((base) => this.add(base))];
    });
  }

  private basesOf(declaration: Section): ts.Symbol[] {
    const clauses = ts.isEnumDeclaration(declaration) ? [] : (declaration.heritageClauses ?? []);
    return clauses
      .flatMap(({ types }) => types)
      .map(({ expression }) => this.checker.getSymbolAtLocation(expression))
      .filter((symbol) => symbol !== undefined);
  }

  private declarations(symbol: ts.Symbol): Section[] {
    const aliased =
      symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
    return (aliased.declarations ?? []).filter(
      (d): d is Section =>
        !relative(this.folder, d.getSourceFile().fileName).startsWith("..") &&
        (ts.isInterfaceDeclaration(d) || ts.isClassDeclaration(d) || ts.isEnumDeclaration(d)),
    );
  }

  /** The types that its members speak of, or that it is made from. */
  private typesIn(declaration: Section): ts.Symbol[] {
    const found: ts.Symbol[] = [];
    const look = (node: ts.Node | undefined) => {
      if (node === undefined) {
        return;
      }
      const symbol =
        ts.isTypeReferenceNode(node) && this.checker.getSymbolAtLocation(node.typeName);
      if (symbol) {
        found.push(symbol);
      }
      ts.forEachChild(node, look);
    };
    if (ts.isClassDeclaration(declaration)) {
      constructorOf(declaration)?.parameters.forEach(look);
    }
    if (!ts.isEnumDeclaration(declaration)) {
      for (const member of this.members(declaration)) {
        if (isMethod(member)) {
          member.parameters.forEach(look);
        }
        look(member.type);
      }
    }
    return found;
  }

  private section(name: string, declaration: Section): string {
    const lines = [`## ${name}\n`, `${this.meaning(declaration.name as ts.Identifier)}\n`];
    if (ts.isEnumDeclaration(declaration)) {
      const rows = declaration.members.map((member) => [
        code(`${name}.${member.name.getText()}`),
        this.meaning(member.name),
      ]);
      return [...lines, table(["Value", "Meaning"], rows)].join("\n");
    }
    const bases = this.basesOf(declaration)
      .map((base) => base.name)
      .filter((base) => this.sections.has(base))
      .map((base) => this.linked(base));
    if (bases.length > 0) {
      lines.push(
        ts.isInterfaceDeclaration(declaration)
          ? `It also has the props of ${listed(bases)}.\n`
          : `It implements ${listed(bases)}.\n`,
      );
    }
    return [...lines, ...this.tables(name, declaration)].join("\n");
  }

  private tables(name: string, declaration: ts.InterfaceDeclaration | ts.ClassDeclaration) {
    const members = this.members(declaration);
    const values = members.filter((member) => !isMethod(member));
    const methods = members.filter(isMethod);
    const place = (member: Member) => `${name}.${member.name.getText()}`;
    const meaning = (member: Member) => this.required(place(member), member);
    return [
      this.methodTable("Factory", `${name}.`, methods.filter(isStatic), meaning),
      ts.isInterfaceDeclaration(declaration)
        ? table(
            ["Prop", "Type", "Default", "Meaning"],
            values.map((prop) => [
              code(prop.name.getText()),
              this.linked(typeOf(prop)),
              this.defaultOf(place(prop), prop),
              meaning(prop),
            ]),
          )
        : table(
            ["Attribute", "Type", "Meaning"],
            values.map((value) => [
              code(value.name.getText()),
              this.linked(typeOf(value)),
              meaning(value),
            ]),
          ),
      this.methodTable(
        "Method",
        "",
        methods.filter((method) => !isStatic(method)),
        meaning,
      ),
    ].filter((text) => text !== "");
  }

  private methodTable(
    title: string,
    before: string,
    methods: readonly Method[],
    meaning: (method: Method) => string,
  ): string {
    const rows = methods.map((method) => {
      const parameters = method.parameters.map((parameter) => {
        const optional = (parameter.initializer ?? parameter.questionToken) ? "?" : "";
        const rest = parameter.dotDotDotToken ? "..." : "";
        return `${rest}${nameOf(parameter)}${optional}: ${parameter.type?.getText()}`;
      });
      const explained = method.parameters.flatMap((parameter) =>
        ts
          .getJSDocParameterTags(parameter)
          .map(({ comment }) => `${code(nameOf(parameter))}: ${flat(textOf(comment))}.`),
      );
      return [
        this.linked(`${before}${method.name.getText()}(${parameters.join(", ")})`),
        [meaning(method), ...explained].join(" "),
      ];
    });
    return table([title, "Meaning"], rows);
  }

  /**
   * What users write or read. Of a class that is made by its factories they write the factories;
   * what the library asks it afterwards is between the two.
   */
  private members(declaration: ts.InterfaceDeclaration | ts.ClassDeclaration): Member[] {
    const constructors = ts.isClassDeclaration(declaration)
      ? declaration.members.filter((member) => ts.isConstructorDeclaration(member))
      : [];
    const isMadeByFactories = constructors.some(isHidden);
    const properties = constructors.flatMap(({ parameters }) =>
      parameters.filter((p) => ts.isParameterPropertyDeclaration(p, p.parent)),
    );
    const nodes: ts.Declaration[] = [...declaration.members, ...properties];
    return nodes
      .filter(isMember)
      .filter((m) => !isHidden(m) && !isInternal(m) && (!isMadeByFactories || isStatic(m)));
  }

  private required(place: string, prop: Member): string {
    const meaning = this.meaning(prop.name);
    if (meaning === "") {
      this.problems.push(`${place} has no docstring; say what it means`);
    }
    return meaning;
  }

  private defaultOf(place: string, prop: Member): string {
    const isOptional = ts.isPropertySignature(prop) && prop.questionToken !== undefined;
    const tag = ts.getJSDocTags(prop).find(({ tagName }) => tagName.text === "default");
    const text = flat(textOf(tag?.comment));
    if (isOptional && text === "") {
      this.problems.push(
        `${place} is optional and has no @default; add "@default <value>" or "@default - <sentence>"`,
      );
    }
    if (!isOptional) {
      return "required";
    }
    if (text.startsWith("- ")) {
      return cell(text.slice(2));
    }
    const [, value = text, rest = ""] = /^(.+?)( - .*| \(.*)?$/.exec(text) ?? [];
    return code(value) + cell(rest.replace(/^ - /, ", "));
  }

  /** The docstring without its tags, on one line. */
  private meaning(name: ts.Node): string {
    const symbol = this.checker.getSymbolAtLocation(name);
    return cell(
      flat(ts.displayPartsToString(symbol?.getDocumentationComment(this.checker))).replace(
        /\bSource: (https:\S+?)([.,]?)(?=\s|$)/g,
        "[Source]($1)$2",
      ),
    );
  }

  /** Code that leads to the first type in it that has a section. */
  private linked(text: string): string {
    const known = (text.match(/\w+/g) ?? []).find(
      (word, at) => this.sections.has(word) && !(at === 0 && text.startsWith(`${word}.`)),
    );
    return known === undefined ? code(flat(text)) : `[${code(flat(text))}](#${anchor(known)})`;
  }
}

type Method = ts.MethodSignature | ts.MethodDeclaration;

type Member =
  | Method
  | ts.PropertySignature
  | ts.PropertyDeclaration
  | ts.GetAccessorDeclaration
  | ts.ParameterDeclaration;

/** The constructor that users call, if there is one. */
function constructorOf(declaration: ts.ClassDeclaration): ts.ConstructorDeclaration | undefined {
  return declaration.members.find(
    (member): member is ts.ConstructorDeclaration =>
      ts.isConstructorDeclaration(member) && !isHidden(member) && !isInternal(member),
  );
}

function isInternal(declaration: ts.Node): boolean {
  return ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "internal");
}

function isHidden(declaration: ts.Declaration): boolean {
  const hiding = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (ts.getCombinedModifierFlags(declaration) & hiding) !== 0;
}

function isMember(declaration: ts.Node): declaration is Member {
  return (
    ts.isPropertySignature(declaration) ||
    ts.isMethodSignature(declaration) ||
    ts.isPropertyDeclaration(declaration) ||
    ts.isMethodDeclaration(declaration) ||
    ts.isGetAccessor(declaration) ||
    ts.isParameter(declaration)
  );
}

/** A parameter that is taken apart at once is called props. */
function nameOf({ name }: ts.ParameterDeclaration): string {
  return ts.isIdentifier(name) ? name.text : "props";
}

function isMethod(member: Member): member is Method {
  return ts.isMethodDeclaration(member) || ts.isMethodSignature(member);
}

function isStatic(member: Member): boolean {
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static) !== 0;
}

/** The type as it is written, or the one of the first value. */
function typeOf(member: Member): string {
  const value = "initializer" in member ? member.initializer : undefined;
  return member.type?.getText() ?? (value?.kind === ts.SyntaxKind.FalseKeyword ? "boolean" : "");
}

function textOf(comment: Parameters<typeof ts.getTextOfJSDocComment>[0]): string {
  return ts.getTextOfJSDocComment(comment) ?? "";
}

function flat(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** "a", "a and b", "a, b and c". */
function listed(words: readonly string[]): string {
  return words.join(", ").replace(/, ([^,]*)$/, " and $1");
}

function cell(text: string): string {
  return text.replace(/(?<!\\)\|/g, "\\|");
}

function code(text: string): string {
  return text === "" ? "" : `\`${cell(text)}\``;
}

function anchor(name: string): string {
  return name.toLowerCase();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return rows.length === 0
    ? ""
    : line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

if (require.main === module) {
  try {
    writeFileSync(PROPS_PAGE, propsPage());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
