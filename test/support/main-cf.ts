/** The settings of a main.cf, by its lines. A setting that stands there twice is an error of ours. */
export function mainCfSettings(mainCf: readonly string[]): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of mainCf) {
    if (line === "" || line.startsWith("#")) {
      continue;
    }
    const [, name, value] = /^([a-z0-9_-]+) =(?: (.*))?$/i.exec(line) ?? [];
    if (name === undefined || settings.has(name)) {
      throw new Error(`main.cf: ${JSON.stringify(line)} is no setting, or is there twice`);
    }
    settings.set(name, value ?? "");
  }
  return settings;
}
